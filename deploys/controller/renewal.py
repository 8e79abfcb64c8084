"""Certificates that hosts renew by themselves: what the authority, the hosts and a run must agree on."""

from __future__ import annotations

from collections.abc import Sequence

from deploys.facts.machine import REVOKED
from deploys.settings import declarations
from deploys.settings.data import Data, value
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from deploys.settings.units import Duration, Port

GROUP = "certificate_authority"
"""The host that renews certificates: by data, not by the inventory."""
DIRECTORY = REVOKED.rpartition("/")[0]
"""Where it keeps its own certificate and key."""
CERTIFICATE, KEY = f"{DIRECTORY}/authority.crt", f"{DIRECTORY}/authority.key"
SERVICE = "tracseq-certificate-authority.service"
PART = 3
"""A certificate is renewed when one of this many parts of its life is over; with one of them left it is late."""


class Renewal(Data):
    """group_data/all.py"""

    certificate_authority: str | None = value(
        "host of the site that renews the certificates of all hosts, without a run; None: runs renew them"
    )
    certificate_authority_port: Port = value("port at which it does")
    certificate_renewed_lifetime: Duration = value(
        "validity of a certificate that a host renews by itself, each time a third of it is over", ge=60
    )


def authority(site: Site) -> SiteHost | None:
    """The host that renews certificates; None where runs do."""
    return next(iter(site.group(GROUP)), None)


def pairs(site: Site, host: SiteHost) -> Sequence[tuple[str, str]]:
    """The certificates and keys that a host may have made by itself: none where runs make them."""
    keeper = authority(site)
    if keeper is None:
        return ()
    found = [(one.certificate, one.key) for one in declarations.credentials(site, host)]
    return (*found, (CERTIFICATE, KEY)) if host == keeper else tuple(found)
