"""Load balancers that share an address: by data, not by the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_interface
from typing import Any

from deploys.controller.virtual_address import GROUP, UNIT, VirtualAddress, addresses, pairs
from deploys.settings.declaration import Declaration, Machine
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site

DROP_IN = f"/etc/systemd/system/{UNIT}.d/tracseq.conf"
HIGHEST = 254
"""The priority of the first balancer; of each further one it is less by one. 255 is for whose own address it is."""


def by_data(name: str, groups: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether a host is one of the load balancers that share an address."""
    return "load_balancers" in groups and bool(data.get("virtual_address") or data.get("virtual_address6"))


def problems(site: Site) -> Iterator[str]:
    """An address that nobody could share, or that is somebody's."""
    data, balancers = site.data(VirtualAddress), site.group("load_balancers")
    if not addresses(site):
        return
    where = "virtual_address (in group_data/all.py)"
    if len(balancers) < 2:
        only = ", ".join(host.name for host in balancers)
        yield (
            f"{where}: the inventory's group load_balancers has one host ({only}), and two or more share such an "
            f"address. Name another one, or leave it out: users then reach the site at the address of {only}."
        )
    if not data.virtual_address:
        yield f"virtual_address6 (in group_data/all.py) needs {where}: by IPv4 the load balancers know of each other."
    for address in addresses(site):
        for host in site.hosts:
            if address in host.addresses:
                yield f"{where}: {address} is the address of {host.name}. Give one that no machine has of its own."
    if data.virtual_address6:
        without = ", ".join(host.name for host in balancers if not host.own.address6)
        if without:
            yield f"virtual_address6 (in group_data/all.py) needs address6 of each load balancer: {without} has none."


def obstacles(site: Site, host: SiteHost, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """An address that none of the machine's interfaces could have."""
    for virtual, own in pairs(site, host):
        interface, network = machine.addresses.get(own, ("", ""))
        if not interface:
            yield f"interface with {own}", "none has it", f"one that has: {virtual} is added to it"
        elif ip_address(virtual) not in (of_interface := ip_interface(network).network):
            yield "virtual address", f"{virtual} is not in {of_interface} of {interface}", "an address of that network"


DECLARATION = Declaration(
    title="Virtual address",
    phase=2,
    group=GROUP,
    by_data=by_data,
    required=False,
    shared=VirtualAddress,
    packages_by_data=("keepalived",),
    rules=(Rule(source=GROUP, destination=GROUP, protocol="vrrp"),),
    traces=(DROP_IN,),
    units=(UNIT,),
    problems=problems,
    obstacles=obstacles,
)
