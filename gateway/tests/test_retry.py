"""The retry policy, case by case, without a gateway."""

from dataclasses import replace

import pytest

from tracseq_gateway.proxy.retry import Attempts, RetryLimits, Verdict, after_failure, after_status, is_stale
from tracseq_gateway.upstream.failure import UpstreamFailure as Failure

LIMITS = RetryLimits(attempts=3, seconds=10)
READ = Attempts(made=1, seconds=0.1, repeatable=True)
WRITE = replace(READ, repeatable=False)


@pytest.mark.parametrize(
    ("failure", "attempts", "verdict"),
    [
        (Failure.CONNECT, WRITE, Verdict.ANOTHER_SERVER),
        (Failure.CONNECT_TIMEOUT, WRITE, Verdict.ANOTHER_SERVER),
        (Failure.OVERLOADED, READ, Verdict.GIVE_UP),
        (Failure.CLOSED, WRITE, Verdict.GIVE_UP),
        (Failure.CLOSED, replace(WRITE, reused=True), Verdict.GIVE_UP),
        (Failure.CLOSED, READ, Verdict.ANOTHER_SERVER),
        (Failure.CLOSED, replace(READ, reused=True), Verdict.SAME_SERVER),
        (Failure.CLOSED, replace(READ, reused=True, fresh=True), Verdict.ANOTHER_SERVER),
        (Failure.CLOSED, replace(READ, reused=True, answer_begun=True), Verdict.ANOTHER_SERVER),
        (Failure.RESPONSE_TIMEOUT, READ, Verdict.ANOTHER_SERVER),
        (Failure.RESPONSE_TIMEOUT, WRITE, Verdict.GIVE_UP),
        (Failure.MALFORMED, READ, Verdict.ANOTHER_SERVER),
        (Failure.MALFORMED, replace(READ, answer_sent=True), Verdict.CUT),
        (Failure.CONNECT, replace(READ, made=3), Verdict.GIVE_UP),
        (Failure.CONNECT, replace(READ, seconds=10), Verdict.GIVE_UP),
    ],
)
def test_what_follows_a_failure(failure: Failure, attempts: Attempts, verdict: Verdict) -> None:
    assert after_failure(failure, attempts, LIMITS) is verdict


def test_only_a_connection_that_was_used_before_can_be_stale() -> None:
    assert is_stale(Failure.CLOSED, replace(READ, reused=True))
    assert not is_stale(Failure.CLOSED, READ)
    assert not is_stale(Failure.RESPONSE_TIMEOUT, replace(READ, reused=True))


def test_answers_that_another_server_may_better() -> None:
    assert after_status(503, READ, LIMITS)
    assert after_status(502, READ, LIMITS)
    assert not after_status(504, READ, LIMITS)
    assert not after_status(503, WRITE, LIMITS)
    assert not after_status(503, replace(READ, made=3), LIMITS)
