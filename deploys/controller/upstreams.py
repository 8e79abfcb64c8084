"""The gateways as a load balancer sees them: all of them, and while one of them changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deploys.facts.balancer import marks
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
class Upstream:
    """Gateways among which requests are shared."""

    name: str
    servers: tuple[Server, ...]
    file: str = ""
    """Where this file is, it is this one that is used."""


def upstreams(gateways: Sequence[SiteHost], port: int, share: int, colour: str = "") -> tuple[Upstream, ...]:
    """
    All gateways first; then, for each, those without it, and those with little for it.

    One that is left out is still asked where no other answers: its socket stays open while it changes.

    Args:
        gateways: of the site
        port: where they listen
        share: what little is, in percent of the requests
        colour: with which the names end
    """
    every = tuple(Server(gateway.name, gateway.address, port) for gateway in gateways)
    changing = _with_one_that_changes(every, share, colour) if len(every) > 1 else ()
    return (Upstream(f"gateways{colour}", every), *changing)


def _with_one_that_changes(every: tuple[Server, ...], share: int, colour: str) -> Iterator[Upstream]:
    weight = max(1, math.ceil((100 - share) / share / (len(every) - 1)))
    for one in every:
        drained, canary = marks(one.name)
        others = tuple(server for server in every if server != one)
        yield Upstream(f"gateways_without_{one.name}{colour}", (*others, replace(one, backup=True)), drained)
        weighty = tuple(replace(server, weight=weight) for server in others)
        yield Upstream(f"gateways_and_little_for_{one.name}{colour}", (*weighty, one), canary)
