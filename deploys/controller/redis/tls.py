"""TLS of Redis servers and Sentinels: what a host shows, as a server and to others of its kind."""

from __future__ import annotations

from typing import TypedDict

from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.redis import software
from deploys.operations import redis
from deploys.settings.credential import Credential, of_host
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

DIRECTORY = "/etc/tracseq/redis"
CERTIFICATE, KEY = f"{DIRECTORY}/member.crt", f"{DIRECTORY}/member.key"


class Shown(TypedDict):
    """The values of ``templates/redis/tls.j2``."""

    certificate: str
    key: str
    authority: str


SHOWN = Shown(certificate=CERTIFICATE, key=KEY, authority=AUTHORITY_FILE)


def credential(site: Site, host: SiteHost) -> Credential:
    """
    What a host shows; its server takes up a new one while it runs, and its Sentinel is started anew.

    Args:
        site: the site
        host: the host
    """
    chosen = software.of(site.shared)
    loaded = redis.certificate_loaded(site.shared.redis_port, chosen, **SHOWN)
    restarted = f" && systemctl try-restart {chosen.sentinel_unit}" if site.group("sentinels") else ""
    return of_host(host, "member", DIRECTORY, group=chosen.user, mode="640", take_up=f"{{ {loaded}; }}{restarted}")
