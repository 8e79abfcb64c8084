"""The first host with a release takes a small share of the requests, and is compared with the others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import gevent
from pyinfra import logger
from pyinfra.api.exceptions import OperationError

from deploys.engine.elsewhere import ElsewhereError
from deploys.facts import traffic
from deploys.facts.traffic import Traffic
from deploys.operations import exposition

LOOK = 1
"""Seconds between two looks."""
FEWEST, FEWEST_TIMED = 20, 100
"""Requests of the canary before which nothing is said of their failures, and of the slowest of them."""
MORE_FAIL = 0.01
"""By how much its share of failed requests may be above that of the others."""
FEWEST_FAILED = 3
SLOWER, SLOWER_BY = 2.0, 0.05
"""How many times the others' time it may take, and how many seconds on top of that: small times differ by chance."""
QUANTILE, HALF = 0.95, 0.5


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
        OperationError: as soon as more of its requests fail than of the others', or it restarts or says
            nothing; at the end where it is slower. It has the figures.
    """
    before = _read(canary, canary.others)
    # One that says nothing now is nobody to compare with later.
    compared = [name for name in canary.others if name in before]
    end = time.monotonic() + canary.seconds
    own = others = Traffic()
    while (left := end - time.monotonic()) > 0:
        gevent.sleep(min(LOOK, left))
        now = _read(canary, compared)
        compared = [name for name in compared if name in now and now[name].requests >= before[name].requests]
        last, own = own, now[canary.target].since(before[canary.target])
        others = reduce(Traffic.with_, (now[name].since(before[name]) for name in compared), Traffic())
        if own.requests < last.requests:
            raise OperationError(f"{canary.target} has restarted by itself while it was tried.")
        if fails_more(own, others):
            raise OperationError(f"{canary.target} does worse with it than the others do: {figures(own, others)}")
    if is_slower(own, others):
        raise OperationError(f"{canary.target} is slower with it than the others are: {figures(own, others)}")
    logger.warning(f"{canary.target} had it for {canary.seconds} s: {figures(own, others)}")


def _read(canary: Canary, others: Sequence[str]) -> dict[str, Traffic]:
    """
    What each gateway has answered so far, by its name, of those that say it.

    Raises:
        OperationError: where the canary says nothing.
    """
    found = {}
    for target in (canary.target, *others):
        try:
            lines = exposition.lines(target, canary.metrics, traffic.SERIES)
        except ElsewhereError as error:
            logger.warning(f"{target} is not compared: {error}")
            continue
        if lines:
            found[target] = traffic.parsed(lines)
    if canary.target not in found:
        raise OperationError(f"{canary.target} does not answer what it is asked while it is tried.")
    return found


def fails_more(own: Traffic, others: Traffic) -> bool:
    """
    Whether more of a canary's requests fail; too few fail by chance.

    + own: its traffic
    + others: that of all others
    """
    enough = own.requests >= FEWEST and own.failed >= FEWEST_FAILED
    return enough and own.failing > others.failing + MORE_FAIL


def is_slower(own: Traffic, others: Traffic) -> bool:
    """
    Whether a canary is slower; a few slow requests, such as uploads, are found with every gateway.

    A slow one is sent fewer than its share (least_conn), and maybe too few for that: of those half must be slow.

    + own: its traffic
    + others: that of all others
    """
    fewest = min(own.requests, others.requests)
    slow = SLOWER * others.quantile(QUANTILE) + SLOWER_BY
    if fewest >= FEWEST_TIMED:
        return own.quantile(QUANTILE) > slow
    return fewest >= FEWEST and own.quantile(HALF) > slow


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
