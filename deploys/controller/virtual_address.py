"""The address that the load balancers share: what they, and those who look at them, agree on."""

from __future__ import annotations

from collections.abc import Mapping

from deploys.settings.data import Data, value
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from deploys.settings.units import Address6, OptionalAddress4

GROUP = "virtual_address"
"""The load balancers of a site that has such an address: by data, not by the inventory."""
UNIT = "keepalived.service"
PATH = "/balancer"
"""What is asked of a load balancer's nginx itself."""


class VirtualAddress(Data):
    """group_data/all.py"""

    virtual_address: OptionalAddress4 = value(
        "IPv4 address that two or more load balancers share: it is on one that answers; None: there is none"
    )
    virtual_address6: Address6 = value("and their IPv6 address, beside it; None: there is none")


def addresses(site: Site) -> tuple[str, ...]:
    """The virtual addresses of a site, the IPv4 one first."""
    data = site.data(VirtualAddress)
    return tuple(one for one in (data.virtual_address, data.virtual_address6) if one)


def pairs(site: Site, host: SiteHost) -> tuple[tuple[str, str], ...]:
    """Each virtual address, and the address of a host that is of the same family."""
    return tuple(zip(addresses(site), host.addresses, strict=False))


def network(address: str) -> str:
    """An address with the length of a network in which it is alone: it is nobody's source that way."""
    return f"{address}/128" if ":" in address else f"{address}/32"


def owns(site: Site, found: Mapping[str, object]) -> bool:
    """
    Whether a host has a virtual address.

    Args:
        site: the site
        found: by each address of the host, what was read of it
    """
    return any(address in found for address in addresses(site))
