"""The public name's certificate by ACME (RFC 8555): what load balancers and those who look at them agree on."""

from __future__ import annotations

from typing import Literal

from deploys.settings.data import Data, value
from deploys.settings.site import Site

GROUP = "acme"
"""The load balancers of a site whose certificate comes that way: by data, not by the inventory."""
UNIT = "tracseq-acme"
STATE = f"/var/lib/{UNIT}"
"""Of the user who asks: its account, what it got, and the answers to challenges."""
GOT, WEB = f"{STATE}/lego/certificates", f"{STATE}/www"
SECRET = "ACME_DNS_SECRET"

TLS = "/etc/nginx/tls"
SHOWN = f"{TLS}/shown"
"""A link to an empty directory; beside that are the certificate and the key that nginx shows (``.crt``, ``.key``)."""
CERTIFICATE = f"{SHOWN}.crt"
"""The certificate that is shown, at a path that stays."""
KEPT = f"{TLS}/acme"
"""The certificates that came by ACME: the one that is shown, and the one before."""
PROGRAM = "/usr/local/lib/tracseq/tracseq_shown.py"
CHALLENGES, OF_THIS_ONE = "/.well-known/acme-challenge/", "/balancer/challenges/"
"""Where answers to challenges are asked for, by anybody, and by another load balancer that has none."""

LATE = 6
"""A certificate with one of so many parts of its life left should long be renewed, which was due with a third."""


class Acme(Data):
    """group_data/all.py"""

    certificate_source: Literal["site", "acme"] = value(
        "where the public name's certificate comes from: the site (`certificate_file`, or its own authority), or an "
        "authority that speaks ACME"
    )
    acme_directory: str = value(
        "URL of the directory of that authority", "Let's Encrypt", pattern=r"^https://[^\s\"'%\\]+$"
    )
    acme_authority_file: str | None = value(
        "certificate of who signed that server's own, a file of this machine; None: hosts know it already"
    )
    acme_contact: str = value("mail address of the account there", pattern=r"^([^@\s\"'%\\]+@[^@\s\"'%\\]+)?$")
    acme_challenge: Literal["http-01", "dns-01"] = value(
        "how the name is proved: by port 80 of the load balancers, or by a record of the name servers"
    )
    acme_dns_server: str | None = value(
        "name server that takes updates of the domain's zone (RFC 2136), with `:port` where that is not 53",
        pattern=r"^[^\s\"'%\\]+$",
    )
    acme_dns_key: str | None = value(
        "name of the TSIG key by which it knows the load balancers", pattern=r"^[A-Za-z0-9_.-]+$"
    )
    acme_dns_algorithm: Literal["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"] = value(
        "and its algorithm"
    )


def used(site: Site) -> bool:
    """Whether the certificate of the public name comes by ACME."""
    return site.data(Acme).certificate_source == "acme"


def by_http(site: Site) -> bool:
    """Whether load balancers answer its challenges."""
    return used(site) and site.data(Acme).acme_challenge == "http-01"


def shown(site: Site) -> str:
    """What has nginx show a certificate that came, and else that of the site: a program and its arguments."""
    return f"{PROGRAM} {site.shared.domain} {TLS} {GOT} www-data"
