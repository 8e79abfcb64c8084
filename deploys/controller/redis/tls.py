"""TLS of Redis servers and Sentinels: what a host shows, as a server and to others of its kind."""

from __future__ import annotations

from typing import TypedDict

from deploys.controller.authority import AUTHORITY_FILE, Authority
from deploys.operations.file_set import File
from deploys.settings.host import SiteHost

DIRECTORY = "/etc/tracseq/redis"
CERTIFICATE, KEY = f"{DIRECTORY}/member.crt", f"{DIRECTORY}/member.key"


class Shown(TypedDict):
    """The values of ``templates/redis/tls.j2``."""

    certificate: str
    key: str
    authority: str


SHOWN = Shown(certificate=CERTIFICATE, key=KEY, authority=AUTHORITY_FILE)


def files(authority: Authority, host: SiteHost, restart: bool) -> list[File]:
    """
    What a host shows.

    Args:
        authority: the site's
        host: it
        restart: whether who reads them must be restarted for new ones
    """
    own = authority.of_member(host)
    return [
        File(CERTIFICATE, own.certificate, "root", "redis", "640", restart=restart),
        File(KEY, own.key, "root", "redis", "640", secret=True, restart=restart),
    ]
