"""The memory of revoked tokens, step by step beside a model; the time is a parameter."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tracseq_gateway.authentication.identity import Identity
from tracseq_gateway.authentication.revocation import RevokedTokens
from tracseq_gateway.infrastructure.redis import RedisAway

SECONDS = 5.0


class RevocationMachine(RuleBasedStateMachine):
    """The model: what the store says, and what was last heard of it with the time of asking."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = 100.0
        self.revoked = False
        self.question: asyncio.Future[int] | None = None
        self.asked_at = 0.0
        self.heard, self.heard_at = False, float("-inf")
        self.tokens = RevokedTokens(self._exists, SECONDS, lambda: self.now)
        self.identities = [Identity("user", "", frozenset(), "token", 1e9) for _ in range(2)]
        self.waiting: list[asyncio.Task[None]] = []

    async def _exists(self, key: str) -> int:
        assert key == "tracseq:revoked:token"
        assert self.question is None, "there is one question at a time"
        self.question, self.asked_at = self.loop.create_future(), self.now
        return await self.question

    def _step(self) -> None:
        for _ in range(5):
            self.loop.run_until_complete(asyncio.sleep(0))

    def teardown(self) -> None:
        if self.question is not None:
            self.question.set_result(0)
        self._step()
        self.loop.close()

    @rule(seconds=st.sampled_from([1.0, SECONDS / 2, SECONDS]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def the_token_is_revoked(self) -> None:
        self.revoked = True

    @rule(number=st.integers(0, 1))
    def a_request_comes(self, number: int) -> None:
        identity = self.identities[number]
        if self.tokens.must_ask(identity):
            self.waiting.append(self.loop.create_task(self.tokens.ask(identity)))
            self._step()
            assert not self.waiting[-1].done(), "nobody passes before the answer"
        else:
            assert self.now - identity.revocation_checked_at <= SECONDS

    @precondition(lambda self: self.question is not None)
    @rule(away=st.booleans())
    def the_store_answers(self, away: bool) -> None:
        question, self.question = self.question, None
        assert question is not None
        if away:
            question.set_exception(RedisAway())
        else:
            question.set_result(int(self.revoked))
            self.heard = self.revoked
        self._step()
        for task in self.waiting:
            assert task.cancelled() or task.exception() is None
        self.waiting.clear()

    @precondition(lambda self: self.waiting)
    @rule()
    def the_first_client_leaves(self) -> None:
        self.waiting.pop(0).cancel()
        self._step()

    @invariant()
    def nobody_is_told_what_was_never_heard(self) -> None:
        assert self.heard or not any(identity.revoked for identity in self.identities)
        for identity in self.identities:
            assert identity.revocation_checked_at <= self.now


TestRevocation = RevocationMachine.TestCase
TestRevocation.settings = settings(max_examples=40, stateful_step_count=30)
