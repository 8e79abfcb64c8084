"""The first host with a release takes a small share of the requests, and is compared with the others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import gevent
from pyinfra import logger
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import OperationError

from deploys.engine import elsewhere
from deploys.facts import traffic
from deploys.facts.traffic import Traffic

LOOK = 1
"""Seconds between two looks."""
FEWEST = 20
"""Requests of the canary before which nothing is said of it."""
MORE_FAIL = 0.01
"""By how much its share of failed requests may be above that of the others."""
FEWEST_FAILED = 3
SLOWER, SLOWER_BY = 2.0, 0.05
"""How many times the others' time it may take, and how many seconds on top of that: small times differ by chance."""
QUANTILE = 0.95


@dataclass(frozen=True)
class Canary:
    """
    How a first host is tried.

    + target: what pyinfra calls it
    + others: and those that it is compared with, which run what they ran before
    + metrics: URL on each of them of its metrics
    + seconds: how long
    """

    target: str
    others: Sequence[str]
    metrics: str
    seconds: int


def tried(canary: Canary) -> None:
    """
    Wait, and compare.

    + canary: who with whom

    Raises:
        OperationError: as soon as it is worse than the others, with the figures.
    """
    before = _read(canary)
    end = time.monotonic() + canary.seconds
    own = others = Traffic()
    while (left := end - time.monotonic()) > 0:
        gevent.sleep(min(LOOK, left))
        own, others = (now.since(then) for now, then in zip(_read(canary), before, strict=True))
        if why := worse(own, others):
            raise OperationError(f"{canary.target} does worse with it than the others do: {why}")
    logger.warning(f"{canary.target} had it for {canary.seconds} s: {figures(own, others)}")


def _read(canary: Canary) -> tuple[Traffic, Traffic]:
    """That of the canary, and of all others together."""
    command = StringCommand(f"curl --silent --max-time 5 {canary.metrics} | grep -E '{traffic.SERIES}' || true")
    own, *others = (traffic.parsed(elsewhere.done(target, command)) for target in (canary.target, *canary.others))
    return own, reduce(Traffic.with_, others)


def worse(own: Traffic, others: Traffic) -> str:
    """
    In what a canary is worse than the others; nothing where it is not, or too little is known.

    + own: its traffic
    + others: that of all others
    """
    if own.requests < FEWEST:
        return ""
    if own.failed >= FEWEST_FAILED and own.failing > others.failing + MORE_FAIL:
        return figures(own, others)
    if others.requests >= FEWEST and own.quantile(QUANTILE) > SLOWER * others.quantile(QUANTILE) + SLOWER_BY:
        return figures(own, others)
    return ""


def figures(own: Traffic, others: Traffic) -> str:
    """
    What was compared, as people read it.

    + own: the canary's traffic
    + others: that of all others
    """
    if own.requests < FEWEST:
        return f"{own.requests} requests came to it, too few to say anything of it."
    return (
        f"of its {own.requests} requests {own.failing:.1%} failed, of the others' {others.requests} "
        f"{others.failing:.1%}; 95 % took at most {own.quantile(QUANTILE) * 1000:.0f} ms, "
        f"the others' {others.quantile(QUANTILE) * 1000:.0f} ms."
    )
