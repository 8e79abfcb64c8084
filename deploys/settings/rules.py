"""The firewall's rules, "who may reach what" between groups, as addresses that one host knows."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from deploys.settings import model
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


@dataclass(frozen=True)
class HostRule:
    """One rule of one host: what it does with new connections to a port, from or to a peer."""

    direction: Literal["in", "out"]
    peer: str
    """Network of the other side in CIDR notation; a single address has /32 or /128."""
    port: int
    protocol: Literal["tcp", "udp"]
    action: Literal["allow", "deny", "reject"]
    reason: str = field(compare=False)
    """The rule of the data that it comes from, as the host's own listing shows it."""

    @property
    def family(self) -> Literal[4, 6]:
        return ipaddress.ip_network(self.peer).version

    @property
    def anyone(self) -> bool:
        """Whether the peer is every address there is."""
        return self.peer.endswith("/0")

    @property
    def address(self) -> str:
        """The peer as people write it: a single address without its prefix length."""
        network = ipaddress.ip_network(self.peer)
        return str(network.network_address) if network.num_addresses == 1 else self.peer

    @property
    def match(self) -> tuple[str, str, int, str]:
        """What it applies to; of several rules for the same the first one counts."""
        return self.direction, self.peer, self.port, self.protocol


def of_host(site: Site, host: SiteHost) -> tuple[HostRule, ...]:
    """
    The rules of one host, in the order in which they count.

    A rule of the data concerns both sides: who is in ``whom`` lets ``who`` in, and who is in
    ``who`` may go out to ``whom``. A name of ``networks`` stands for addresses outside of the
    site: it can be the other side of a rule, but no host is in it.

    + site: the site
    + host: the host whose rules they are
    """
    rules: dict[tuple[str, str, int, str], HostRule] = {}
    for rule in (*host.all.firewall_extra_rules, *host.all.firewall_rules):
        for concrete in _of_rule(site, host, rule):
            rules.setdefault(concrete.match, concrete)
    return tuple(rules.values())


def _of_rule(site: Site, host: SiteHost, rule: model.Rule) -> Iterator[HostRule]:
    reason = f"{rule.who} to {rule.whom}"
    if host in _members(site, rule.whom):
        for peer, _ in _peers(site, host, rule.who):
            for port in ports(rule, host.all):
                yield HostRule("in", peer, port, rule.protocol, rule.action, reason)
    if host in _members(site, rule.who):
        for peer, data in _peers(site, host, rule.whom):
            for port in ports(rule, data):
                yield HostRule("out", peer, port, rule.protocol, rule.action, reason)


def _members(site: Site, name: str) -> tuple[SiteHost, ...]:
    """The hosts of the site that a name stands for."""
    return site.hosts if name == "all" else site.group(name)


def _peers(site: Site, host: SiteHost, name: str) -> Iterator[tuple[str, model.All]]:
    """The networks that a name stands for, seen from a host, and whose data tells their ports."""
    if name in host.all.networks:
        for network in host.all.networks[name]:
            yield network, host.all
        return
    for peer in _members(site, name):
        if peer.name != host.name:
            for address in peer.addresses:
                yield str(ipaddress.ip_network(address)), peer.all


def ports(rule: model.Rule, listener: model.All) -> Iterator[int]:
    """The numbers of a rule's ports; a name is a value of the host that listens."""
    for port in rule.ports:
        value = getattr(listener, port) if isinstance(port, str) else port
        yield from (value,) if isinstance(value, int) else value
