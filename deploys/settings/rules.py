"""The firewall's rules, "who may reach what" between groups, as addresses that one host knows."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from deploys.settings import ports
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site


@dataclass(frozen=True)
class HostRule:
    """One rule of one host: what it does with new connections to a port, from or to a peer."""

    direction: Literal["in", "out"]
    peer: str
    """Network of the other side in CIDR notation; a single address has /32 or /128."""
    port: int | None
    """None for a protocol that has no ports."""
    protocol: str
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
    def match(self) -> tuple[str, str, int | None, str]:
        """What it applies to; of several rules for the same the first one counts."""
        return self.direction, self.peer, self.port, self.protocol


def of_host(site: Site, host: SiteHost) -> tuple[HostRule, ...]:
    """
    The rules of one host, in the order in which they count.

    A rule concerns both sides: a host in ``destination`` lets ``source`` in, and a host in
    ``source`` may go out to ``destination``. A name of ``networks`` stands for addresses outside
    of the site: it can be the other side of a rule, but no host is in it.

    Args:
        site: the site
        host: the host whose rules they are
    """
    rules: dict[tuple[str, str, int | None, str], HostRule] = {}
    for rule in site.rules:
        for concrete in _of_rule(site, host, rule):
            rules.setdefault(concrete.match, concrete)
    return tuple(rules.values())


def _of_rule(site: Site, host: SiteHost, rule: Rule) -> Iterator[HostRule]:
    reason = str(rule)
    if host in site.members(rule.destination):
        for peer, _ in _peers(site, host, rule.source):
            for port in _ports(rule, host):
                yield HostRule("in", peer, port, rule.protocol, rule.action, reason)
    if host in site.members(rule.source):
        for peer, listener in _peers(site, host, rule.destination):
            for port in _ports(rule, listener):
                yield HostRule("out", peer, port, rule.protocol, rule.action, reason)


def _ports(rule: Rule, listener: SiteHost) -> tuple[int | None, ...]:
    return tuple(ports.numbers(rule, listener)) if rule.ports else (None,)


def _peers(site: Site, host: SiteHost, name: str) -> Iterator[tuple[str, SiteHost]]:
    """The networks that a name stands for, seen from a host, and whose data tells their ports."""
    if name in site.networks:
        for network in site.networks[name]:
            yield network, host
        return
    for peer in site.members(name):
        if peer.name != host.name:
            for address in peer.addresses:
                yield str(ipaddress.ip_network(address)), peer
