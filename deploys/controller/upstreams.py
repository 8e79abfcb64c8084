"""The gateways as a load balancer sees them: all of them, and while one of them changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deploys.facts.balancer import marks
from deploys.facts.maintenance import DIRECTORY
from deploys.settings.host import SiteHost


@dataclass(frozen=True)
class Server:
    """A gateway to which requests are sent."""

    name: str
    address: str
    port: int
    weight: int = 1
    """As how many servers of the weight 1 it counts."""
    backup: bool = False
    """Whether it is asked only where no other answers."""


@dataclass(frozen=True)
class Choice:
    """A part of the name of an upstream, where a file is."""

    file: str
    part: str


@dataclass(frozen=True)
class Upstream:
    """Gateways among which requests are shared."""

    name: str
    servers: tuple[Server, ...]


def upstreams(gateways: Sequence[SiteHost], port: int, share: int, colour: str = "") -> tuple[Upstream, ...]:
    """
    All gateways first; for each, those without it, and those with little for it; and all of that without each.

    One that is left out while it changes is still asked where no other answers: its socket stays open. One that is out
    for maintenance is not: its host may be off.

    Args:
        gateways: of the site
        port: where they listen
        share: what little is, in percent of the requests
        colour: with which the names end
    """
    every = tuple(Server(gateway.name, gateway.address, port) for gateway in gateways)
    if len(every) < 2:
        return (Upstream(f"gateways{colour}", every),)
    found = list(_with_one_that_changes(every, share, colour))
    for one in every:
        others = tuple(server for server in every if server != one)
        found += _with_one_that_changes(others, share, f"{_out(one.name)}{colour}")
        found += [Upstream(f"{name}{_out(one.name)}{colour}", others) for name in _changing(one.name)]
    return tuple(found)


def memory(found: Sequence[Upstream]) -> int:
    """
    How much memory nginx needs for what its workers know of the servers, in kB: all upstreams have it together.

    nginx refuses less than 8 pages. A server takes 528 bytes of it, an upstream up to 500.

    Args:
        found: all upstreams
    """
    return 64 + sum(1 + len(upstream.servers) for upstream in found)


def changing(gateways: Sequence[SiteHost]) -> tuple[Choice, ...]:
    """The first part of the name of the upstream, while a run changes a gateway."""
    if len(gateways) < 2:
        return ()
    return tuple(
        Choice(file, part) for one in gateways for file, part in zip(marks(one.name), _changing(one.name), strict=True)
    )


def out(gateways: Sequence[SiteHost]) -> tuple[Choice, ...]:
    """The second part of the name of the upstream, while a gateway is out for maintenance."""
    if len(gateways) < 2:
        return ()
    return tuple(Choice(f"{DIRECTORY}/{one.name}", _out(one.name)) for one in gateways)


def _changing(name: str) -> tuple[str, str]:
    return f"gateways_without_{name}", f"gateways_and_little_for_{name}"


def _out(name: str) -> str:
    return f"_while_{name}_is_out"


def _with_one_that_changes(every: tuple[Server, ...], share: int, end: str) -> Iterator[Upstream]:
    yield Upstream(f"gateways{end}", every)
    if len(every) < 2:
        # Nobody else could be asked: it is never left out.
        yield from (Upstream(f"{name}{end}", every) for one in every for name in _changing(one.name))
        return
    weight = max(1, math.ceil((100 - share) / share / (len(every) - 1)))
    for one in every:
        without, little = _changing(one.name)
        others = tuple(server for server in every if server != one)
        yield Upstream(f"{without}{end}", (*others, replace(one, backup=True)))
        weighty = tuple(replace(server, weight=weight) for server in others)
        yield Upstream(f"{little}{end}", (*weighty, one))
