"""A gateway that its balancers leave out while it changes, and not before what it has begun has ended."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import gevent
from pyinfra import logger, state

from deploys.engine import elsewhere
from deploys.engine.elsewhere import ElsewhereError
from deploys.facts.balancer import CANARY, DRAINED
from deploys.operations import balancer, exposition
from deploys.operations.script import script

LOOK, AGAIN = 0.5, 0.2
"""Seconds between two looks at what it is at work with, and after the first that found nothing."""
WITHIN = 30
"""Seconds within which a balancer does what it is told: one that does not answer holds up nobody for longer."""
FIRST, SAY = 1, 5
"""Seconds after which the run says whom it waits for, and says so again."""
IN_FLIGHT = re.compile(r'gateway_requests_in_flight\{service="(.*)"\} (\S+)')


@dataclass(frozen=True)
class Drain:
    """
    How a gateway is drained.

    + target: what pyinfra calls its host
    + name: its own, as balancers know it
    + balancers: what pyinfra calls the hosts whose nginx sends it requests; none: what it has begun is waited for
    + timeout: seconds that what it has begun may take to end, before the change comes all the same
    + metrics: URL on the host whose ``gateway_requests_in_flight`` says what it is at work with
    """

    target: str
    name: str
    balancers: Sequence[str]
    timeout: int
    metrics: str


@contextmanager
def drained(drain: Drain | None) -> Iterator[None]:
    """
    Have no balancer send anything to a gateway while the block runs.

    A balancer that is not reached, or does not do it, is left as it is, with a warning: requests that
    it sends meanwhile wait for the gateway, as its socket stays open. What others have begun is waited for.

    + drain: how; None where nothing is sent to it
    """
    if drain is None or not state.is_executing:
        yield
        return
    try:
        told = [_told(drain, one, balancer.marked(drain.name, DRAINED)) for one in drain.balancers]
        if any(told) or not drain.balancers:
            _wait(drain)
        yield
    finally:
        taken_back(drain)


def little(drain: Drain) -> None:
    """
    Have each balancer send a gateway a small share.

    + drain: how it is left out
    """
    for one in drain.balancers:
        _told(drain, one, balancer.marked(drain.name, CANARY))


def taken_back(drain: Drain) -> None:
    """
    Have each balancer send a gateway as much as the others.

    + drain: how it was left out
    """
    for one in drain.balancers:
        _told(drain, one, balancer.unmarked())


def _told(drain: Drain, target: str, lines: Sequence[str]) -> bool:
    """Whether a balancer does what it is told."""
    try:
        said = elsewhere.done(target, script(*lines), WITHIN)
    except ElsewhereError as error:
        logger.warning(f"{target} could not be told how much to send to {drain.name}, and sends what it did: {error}")
        return False
    if balancer.UNKNOWN in said:
        logger.warning(
            f"{target} does not know yet how to leave out {drain.name}: a run of deploys/site.py brings that."
        )
    return balancer.UNKNOWN not in said


def _wait(drain: Drain) -> None:
    """Wait until a gateway is at work with nothing, and say with what it is."""
    began = time.monotonic()
    says, under_way, idle = began + FIRST, "", 0
    while (waited := time.monotonic() - began) < drain.timeout:
        under_way = requests(exposition.lines(drain.target, drain.metrics, "^gateway_requests_in_flight"))
        idle = 0 if under_way else idle + 1
        # Twice: a request may have been on its way when it was marked.
        if idle == 2:
            return
        if under_way and time.monotonic() >= says:
            logger.warning(
                f"{drain.name} waits for requests, uploads and WebSockets to end ({under_way}): "
                f"{waited:.0f} of {drain.timeout} s"
            )
            says += SAY
        gevent.sleep(AGAIN if idle else LOOK)
    if under_way:
        logger.warning(f"{drain.name} changes now, after {drain.timeout} s; what has not ended: {under_way}.")


def requests(metrics: Sequence[str]) -> str:
    """
    What a gateway is at work with, as people say it; nothing where it is not.

    + metrics: lines of its metrics
    """
    found = {match[1]: int(float(match[2])) for line in metrics if (match := IN_FLIGHT.fullmatch(line))}
    if not found:
        return "its metrics do not say what"
    return ", ".join(f"{number} to {service}" for service, number in sorted(found.items()) if number)
