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


def upstreams(gateways: Sequence[SiteHost], share: int) -> tuple[Upstream, ...]:
    """
    All gateways first; then, for each, those without it, and those with little for it.

    One that is left out is still asked where no other answers: its socket stays open while it changes.

    Args:
        gateways: of the site
        share: what little is, in percent of the requests
    """
    every = tuple(Server(gateway.name, gateway.address) for gateway in gateways)
    return (Upstream("gateways", every), *(_with_one_that_changes(every, share) if len(every) > 1 else ()))


def _with_one_that_changes(every: tuple[Server, ...], share: int) -> Iterator[Upstream]:
    weight = max(1, math.ceil((100 - share) / share / (len(every) - 1)))
    for one in every:
        drained, canary = marks(one.name)
        others = tuple(server for server in every if server != one)
        yield Upstream(f"gateways_without_{one.name}", (*others, replace(one, backup=True)), drained)
        weighty = tuple(Server(server.name, server.address, weight) for server in others)
        yield Upstream(f"gateways_and_little_for_{one.name}", (*weighty, one), canary)
