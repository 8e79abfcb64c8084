"""The circuit breaker, step by step beside a model; the time is a parameter."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tracseq_gateway.http.problem import Problem
from tracseq_gateway.upstream.breaker import BreakerState, CircuitBreaker

THRESHOLD = 3
RECOVERY = 10.0


class BreakerMachine(RuleBasedStateMachine):
    """The model: failures in a row, since when requests are refused, and the trial with whether it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = CircuitBreaker(THRESHOLD, RECOVERY, lambda: self.now)
        self.failures = 0
        self.refuses_since: float | None = None
        self.trial = 0
        self.answers = False

    def _close(self) -> None:
        self.failures, self.refuses_since, self.trial = 0, None, 0

    @rule(seconds=st.sampled_from([0.5, 3.0, RECOVERY]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def ask(self) -> None:
        if self.refuses_since is None:
            assert self.breaker.admit() == 0
        elif self.now < self.refuses_since + RECOVERY:
            with pytest.raises(Problem) as refused:
                self.breaker.admit()
            assert 1 <= int(dict(refused.value.headers)[b"retry-after"]) <= RECOVERY
        elif self.trial and self.answers:
            assert self.breaker.admit() == 0
            self._close()
        else:
            before, self.trial = self.trial, self.breaker.admit()
            assert self.trial > before
            self.opened_at, self.refuses_since, self.answers = self.refuses_since, self.now, False

    @rule()
    def an_answer_is_whole(self) -> None:
        self.breaker.succeeded()
        self._close()

    @rule()
    def an_attempt_fails(self) -> None:
        self.breaker.failed()
        self.failures += 1
        if self.trial or self.failures >= THRESHOLD:
            self.refuses_since, self.trial = self.now, 0

    @precondition(lambda self: self.trial)
    @rule()
    def the_trial_begins_to_answer(self) -> None:
        self.breaker.answers(self.trial)
        self.answers = True

    @precondition(lambda self: self.trial)
    @rule()
    def the_trials_client_leaves(self) -> None:
        self.breaker.trial_abandoned(self.trial)
        self.trial = 0
        # As if there had been no trial: the next request is one.
        self.refuses_since = self.opened_at

    @precondition(lambda self: self.trial)
    @rule()
    def an_older_trial_ends(self) -> None:
        self.breaker.trial_abandoned(self.trial - 1)
        self.breaker.answers(self.trial - 1)

    @rule(seconds=st.sampled_from([1.0, RECOVERY + 1]))
    def a_client_leaves_a_good_answer(self, seconds: float) -> None:
        self.breaker.left(seconds)
        if seconds >= RECOVERY:
            self._close()

    @invariant()
    def the_state_is_what_the_model_says(self) -> None:
        expected = BreakerState.CLOSED if self.refuses_since is None else BreakerState.OPEN
        assert self.breaker.state is (BreakerState.HALF_OPEN if self.trial else expected)


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=60, stateful_step_count=40)
