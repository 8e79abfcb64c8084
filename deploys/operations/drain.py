"""A server that is left out by its balancers while it changes, and not before what it has begun has ended."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pyinfra import logger, state
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import OperationError

from deploys.engine import elsewhere
from deploys.engine.elsewhere import ElsewhereError
from deploys.operations import nginx
from deploys.operations.script import script

LOOK = 5
"""Seconds after which the run says again whom it waits for."""


@dataclass(frozen=True)
class Drain:
    """
    How a server is drained.

    + target: what pyinfra calls its host
    + server: its address and port, as its balancers name it
    + balancers: what pyinfra calls the hosts whose nginx sends it requests
    + addresses: from which they come
    + timeout: seconds that what it has begun may take to end, before the change comes all the same
    + metrics: URL on the host whose ``gateway_requests_in_flight`` says what it is at work with
    """

    target: str
    server: str
    balancers: Sequence[str]
    addresses: Sequence[str]
    timeout: int
    metrics: str


@dataclass
class LeftOut:
    """
    A host that is left out.

    + weight: how many times as much as it each other one gets once it is taken back, until it is
      taken back for good; None: all get the same
    """

    weight: int | None = None


@contextmanager
def drained(drain: Drain | None) -> Iterator[LeftOut]:
    """
    Have no balancer send anything to a host while the block runs.

    A balancer that is not reached is left as it is, with a warning: it serves nobody, or it is the
    network between it and here that is away.

    + drain: how; None where nothing is sent to it

    Raises:
        OperationError: where a balancer does not take the change; what is to change has not begun.
    """
    left_out = LeftOut()
    if drain is None or not state.is_executing:
        yield left_out
        return
    reached = [balancer for balancer in drain.balancers if _reached(drain, balancer)]
    try:
        for balancer in reached:
            _have(drain, balancer, nginx.drained(drain.server))
        _wait(drain)
        yield left_out
    except BaseException:
        for balancer in reached:
            try:
                _have(drain, balancer, nginx.undrained())
            except OperationError as error:
                # The failure that led here is the one to be told of.
                logger.error(str(error))
        raise
    for balancer in reached:
        shared = nginx.shared(drain.server, left_out.weight) if left_out.weight else nginx.undrained()
        _have(drain, balancer, shared)


def taken_back(drain: Drain) -> None:
    """
    Have a host that was given a smaller share get as much as the others.

    + drain: how it was left out

    Raises:
        OperationError: where a balancer does not take the change.
    """
    for balancer in drain.balancers:
        if _reached(drain, balancer):
            _have(drain, balancer, nginx.undrained())


def _reached(drain: Drain, balancer: str) -> bool:
    try:
        elsewhere.done(balancer, StringCommand("true"))
    except ElsewhereError as error:
        logger.warning(f"{drain.target} is not drained there: {error}")
        return False
    return True


def _have(drain: Drain, balancer: str, lines: Sequence[str]) -> None:
    try:
        elsewhere.done(balancer, script(*lines))
    except ElsewhereError as error:
        raise OperationError(f"{drain.target} was not drained, or not taken back: {error}") from error


def _wait(drain: Drain) -> None:
    """Wait until the host has no connection of a balancer left, and say what for."""
    began = time.monotonic()
    while (left := drain.timeout - (time.monotonic() - began)) > 0:
        open_ones, *metrics = elsewhere.done(drain.target, StringCommand(_look(drain, min(LOOK, left))))
        if open_ones == "0":
            return
        waited = time.monotonic() - began
        logger.warning(
            f"{drain.target} waits for {said(int(open_ones), metrics)} to end: {waited:.0f} of {drain.timeout} s"
        )
    logger.warning(f"{drain.target} changes now; what has not ended is told so, and has its time to end.")


def said(connections: int, metrics: Sequence[str]) -> str:
    """
    What a gateway is at work with, as people say it.

    + connections: of balancers, that are open
    + metrics: lines of its metrics
    """
    found = {}
    for line in metrics:
        if match := re.fullmatch(r'gateway_requests_in_flight\{service="(.*)"\} (\S+)', line):
            found[match[1]] = int(float(match[2]))
    requests = [f"{number} to {service}" for service, number in sorted(found.items()) if number]
    least = f"{connections} connection{'s' if connections > 1 else ''} of balancers"
    return f"{least} (requests, WebSockets and uploads: {', '.join(requests)})" if requests else least


def _look(drain: Drain, seconds: float) -> str:
    """Shell: print how many connections of balancers are open, at once where there are none, and what for."""
    port = drain.server.rpartition(":")[2]
    peers = " or ".join(f"dst {address}" for address in drain.addresses)
    return (
        f"tries=0; while [ $tries -lt {max(1, round(seconds * 10))} ]; do tries=$((tries + 1)); "
        f"open=$(ss -Htn state established '( sport = :{port} ) and ( {peers} )' | wc -l); "
        '[ "$open" != 0 ] || break; sleep 0.1; done; echo "$open"; '
        f'[ "$open" = 0 ] || curl --silent --max-time 2 {drain.metrics} | grep ^gateway_requests_in_flight || true'
    )
