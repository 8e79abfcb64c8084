"""Spares a service that fails, and its callers the wait."""

import math
from collections.abc import Callable
from enum import IntEnum

from tracseq_gateway.http.problem import Problem

NO_TRIAL = 0


class BreakerState(IntEnum):
    """The states; the numbers are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


# Python 3.11 takes longer to look a member up than to do all else that is done with each request here.
CLOSED = BreakerState.CLOSED


class CircuitBreaker:
    """Opens after failures in a row; after the recovery time one request may try.

    A failure is no whole answer, or an answer of 502, 503 or 504: what a service's own proxy
    or overload says. Other answers, 500 among them, show that the service works once they
    are whole, or have gone on for the recovery time, as a stream of events does that never
    ends. A trial of which nothing is heard for that time is followed by another.

    Args:
        threshold: failures in a row that open it.
        recovery: seconds.
        clock: tells the time in seconds.
    """

    def __init__(self, threshold: int, recovery: float, clock: Callable[[], float]) -> None:
        self._threshold = threshold
        self._recovery = recovery
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._trials = NO_TRIAL
        self._trial = NO_TRIAL
        self._trial_begun_at = 0.0
        self._trial_answers = False
        self.state = CLOSED

    def admit(self) -> int:
        """Let a request pass; return its number when it is a trial, whose end must be told, or else 0.

        Raises:
            Problem: the breaker is open (503).
        """
        if self.state is CLOSED:
            return NO_TRIAL
        now = self._clock()
        begun_at = self._trial_begun_at if self._trial else self._opened_at
        waits = begun_at + self._recovery - now
        if waits > 0:
            seconds = b"%d" % max(1, math.ceil(waits))
            raise Problem(503, "The service is failing and is given time.", "breaker", [(b"retry-after", seconds)])
        if self._trial and self._trial_answers:
            self.succeeded()
            return NO_TRIAL
        self.state = BreakerState.HALF_OPEN
        self._trials += 1
        self._trial, self._trial_begun_at, self._trial_answers = self._trials, now, False
        return self._trial

    def answers(self, trial: int) -> None:
        """Note that a trial's answer has begun, and not with a failure."""
        if trial and trial == self._trial:
            self._trial_answers = True

    def succeeded(self) -> None:
        """Note a whole answer that shows that the service works."""
        self._failures = 0
        self._trial = NO_TRIAL
        self.state = CLOSED

    def left(self, seconds: float) -> None:
        """Note that a client left an answer that had gone on for so many seconds."""
        if seconds >= self._recovery:
            self.succeeded()

    def failed(self) -> None:
        """Note a failure."""
        self._failures += 1
        self._trial = NO_TRIAL
        if self.state is BreakerState.HALF_OPEN or self._failures >= self._threshold:
            self.state = BreakerState.OPEN
            self._opened_at = self._clock()

    def trial_abandoned(self, trial: int) -> None:
        """Note that a trial ended without telling anything, as when its client left."""
        if trial and trial == self._trial:
            self._trial = NO_TRIAL
            self.state = BreakerState.OPEN
