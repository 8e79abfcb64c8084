"""What the members of etcd, and those who ask them, must agree on."""

from __future__ import annotations

from collections.abc import Sequence

from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def endpoint(site: Site, member: SiteHost) -> str:
    """The URL at which clients reach a member."""
    return f"https://{member.address}:{site.shared.etcd_client_port}"


def endpoints(site: Site) -> Sequence[str]:
    """Those of all members."""
    return [endpoint(site, member) for member in site.group("etcd")]


def peer(site: Site, member: SiteHost) -> str:
    """The URL at which the other members reach a member."""
    return f"https://{member.address}:{site.shared.etcd_peer_port}"
