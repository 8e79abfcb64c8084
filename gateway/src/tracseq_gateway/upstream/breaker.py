"""Spares a service that fails, and its callers the wait."""

import asyncio
import math
from enum import IntEnum

from tracseq_gateway.http.problem import Problem


class BreakerState(IntEnum):
    """The states; the numbers are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class CircuitBreaker:
    """Opens after failures in a row; after the recovery time one request may try.

    A failure is no whole answer, or an answer of 502, 503 or 504: what a service's own proxy
    or overload says. Other answers, 500 among them, show that the service works.
    """

    def __init__(self, threshold: int, recovery: float, loop: asyncio.AbstractEventLoop) -> None:
        self._threshold = threshold
        self._recovery = recovery
        self._loop = loop
        self._failures = 0
        self._opened_at = 0.0
        self._trial_under_way = False
        self.state = BreakerState.CLOSED

    def admit(self) -> bool:
        """Let a request pass; true when it is the trial, whose end must be told.

        Raises:
            Problem: the breaker is open (503).
        """
        if self.state is BreakerState.CLOSED:
            return False
        waits = self._opened_at + self._recovery - self._loop.time()
        if waits > 0 or self._trial_under_way:
            seconds = b"%d" % max(1, math.ceil(waits))
            raise Problem(503, "The service is failing and is given time.", "breaker", [(b"retry-after", seconds)])
        self.state = BreakerState.HALF_OPEN
        self._trial_under_way = True
        return True

    def succeeded(self) -> None:
        """Note an answer that shows that the service works."""
        self._failures = 0
        self._trial_under_way = False
        self.state = BreakerState.CLOSED

    def failed(self) -> None:
        """Note a failure."""
        self._failures += 1
        self._trial_under_way = False
        if self.state is BreakerState.HALF_OPEN or self._failures >= self._threshold:
            self.state = BreakerState.OPEN
            self._opened_at = self._loop.time()

    def trial_abandoned(self) -> None:
        """Note that the trial ended without telling anything, as when its client left."""
        if self._trial_under_way:
            self._trial_under_way = False
            self.state = BreakerState.OPEN
