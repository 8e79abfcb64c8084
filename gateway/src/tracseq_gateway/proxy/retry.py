"""Whether a request is sent once more, and where: a pure function of how the last attempt ended."""

from dataclasses import dataclass
from enum import Enum, auto

from tracseq_gateway.upstream.failure import UpstreamFailure

IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})
"""Methods that may be sent twice (RFC 9110, 9.2.2)."""
RETRIED_STATUSES = frozenset({502, 503})
NEVER_SENT = frozenset({UpstreamFailure.CONNECT, UpstreamFailure.CONNECT_TIMEOUT})


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """How often, and until how many seconds after its begin, a request is sent."""

    attempts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Attempts:
    """What was tried so far.

    Attributes:
        made: how many attempts.
        seconds: since the request's begin.
        repeatable: the service may get the request twice.
        reused: the last attempt went over a connection that had carried a request before.
        fresh: the last attempt asked for a new connection, as the one before it was stale.
        answer_begun: some byte of an answer came.
        answer_sent: the client may have seen a part of it.
    """

    made: int
    seconds: float
    repeatable: bool
    reused: bool = False
    fresh: bool = False
    answer_begun: bool = False
    answer_sent: bool = False


class Verdict(Enum):
    """What is to be done after an attempt."""

    SAME_SERVER = auto()
    ANOTHER_SERVER = auto()
    GIVE_UP = auto()
    CUT = auto()


def is_stale(failure: UpstreamFailure, attempts: Attempts) -> bool:
    """Whether only the connection was over, which servers end when they have been idle (RFC 9112, 9.3.1)."""
    return failure is UpstreamFailure.CLOSED and attempts.reused and not attempts.fresh and not attempts.answer_begun


def is_left(attempts: Attempts, limits: RetryLimits) -> bool:
    """Whether there is an attempt left, and time for it."""
    return attempts.made < limits.attempts and attempts.seconds < limits.seconds


def after_status(status: int, attempts: Attempts, limits: RetryLimits) -> bool:
    """Whether another server is asked instead of passing an answer on."""
    return status in RETRIED_STATUSES and attempts.repeatable and is_left(attempts, limits)


def after_failure(failure: UpstreamFailure, attempts: Attempts, limits: RetryLimits) -> Verdict:
    """Return what follows an attempt that brought no whole answer."""
    if attempts.answer_sent:
        return Verdict.CUT
    # Whoever has waited for a connection in vain asked the server with the fewest requests under way:
    # to wait once more would be at the end of a queue, and a second time for one request.
    if failure is UpstreamFailure.OVERLOADED or not is_left(attempts, limits):
        return Verdict.GIVE_UP
    if failure not in NEVER_SENT and not attempts.repeatable:
        return Verdict.GIVE_UP
    return Verdict.SAME_SERVER if is_stale(failure, attempts) else Verdict.ANOTHER_SERVER
