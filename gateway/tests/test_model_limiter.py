"""The limit and its leases, step by step beside a model: Redis's own script, and the time as a parameter."""

import uuid
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from redis import Redis

from support.redis import RedisServer
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.infrastructure.redis import RedisAway
from tracseq_gateway.limiting.limiter import RateLimiter
from tracseq_gateway.limiting.local_counter import LocalCounter
from tracseq_gateway.limiting.shared_counter import SCRIPT, Grant

LIMIT = 40
WINDOW = 10
GATEWAYS = 2
LARGEST_LEASE = 5
COSTS = st.sampled_from([1.0, 1.0, 2.5, 10 / 7]) | st.floats(1, 4)
"""Of a request, also such that no decimal number of a few digits is."""
# The script asks Redis for the time; here it is told.
TIMED_SCRIPT = SCRIPT.replace("redis.call('TIME')", "{ARGV[5], ARGV[6]}")


def finish(work: Coroutine[Any, Any, bytes]) -> bytes:
    """Run what waits for nothing."""
    try:
        work.send(None)
    except StopIteration as ended:
        return bytes(ended.value)
    raise AssertionError("It waits.")


class TimedCounter:
    """The count in Redis at a time that the test says."""

    def __init__(self, machine: "LimiterMachine", client: "Redis") -> None:
        self._machine = machine
        self._client = client
        self.reached = True

    async def take(self, key: str, want: float, need: float) -> Grant:
        if not self.reached:
            raise RedisAway
        seconds, fraction = divmod(self._machine.now, 1)
        arguments = (LIMIT, WINDOW, want, need, int(seconds), int(fraction * 1_000_000))
        reply: Any = self._client.eval(TIMED_SCRIPT, 1, f"{self._machine.name}:{key}", *map(str, arguments))
        return Grant(*(float(number) for number in reply))


class LimiterMachine(RuleBasedStateMachine):
    """The model: what was let through in each window, by the shared count and by each gateway alone."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.name = uuid.uuid4().hex
        self.now = 1000.0
        self.client: Redis = Redis.from_url(self.url)
        self.counters = [TimedCounter(self, self.client) for _ in range(GATEWAYS)]
        self.gateways = [
            RateLimiter(counter, LocalCounter(LIMIT, WINDOW, lambda: self.now), LIMIT, WINDOW, lambda: self.now)
            for counter in self.counters
        ]
        self.shared: defaultdict[int, float] = defaultdict(float)
        self.alone: defaultdict[tuple[int, int], float] = defaultdict(float)

    def teardown(self) -> None:
        self.client.close()

    @rule(seconds=st.sampled_from([0.1, 1.5, 4.0, 2.0 * WINDOW]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(gateway=st.integers(0, GATEWAYS - 1), cost=COSTS, count=st.integers(1, 60))
    def requests_come(self, gateway: int, cost: float, count: int) -> None:
        window = int(self.now / WINDOW)
        for _ in range(count):
            fields, refused = self._ask(gateway, cost)
            if refused is not None:
                assert refused.status == 429
                assert int(dict(refused.headers)[b"retry-after"]) >= 1
                assert self.shared[window] + self.shared[window - 1] + self.alone[window, gateway] > 0, "it was used"
                return
            assert b"ratelimit-remaining: -" not in fields
            if self.counters[gateway].reached:
                self.shared[window] += cost
            else:
                self.alone[window, gateway] += cost

    def _ask(self, gateway: int, cost: float) -> tuple[bytes, Problem | None]:
        try:
            return finish(self.gateways[gateway].spend("caller", cost)), None
        except Problem as problem:
            return b"", problem

    @rule(reached=st.booleans())
    def redis_comes_and_goes(self, reached: bool) -> None:
        for counter in self.counters:
            counter.reached = reached

    @rule()
    def old_callers_are_forgotten(self) -> None:
        for gateway in self.gateways:
            gateway.forget_old()

    @invariant()
    def no_more_than_the_limit_passes_in_a_window(self) -> None:
        # A lease that was taken while Redis was there may be used up while it is not.
        window = int(self.now / WINDOW)
        assert self.shared[window] <= LIMIT * (1 + 1e-9)
        assert all(self.alone[window, gateway] <= (LIMIT + LARGEST_LEASE) * (1 + 1e-9) for gateway in range(GATEWAYS))


def test_the_limit_holds_whatever_happens(redis: RedisServer) -> None:
    LimiterMachine.url = redis.url
    run_state_machine_as_test(LimiterMachine, settings=settings(max_examples=40, stateful_step_count=30))


def test_the_limit_is_refused_and_comes_back(redis: RedisServer) -> None:
    LimiterMachine.url = redis.url
    machine = LimiterMachine()
    answers = [machine._ask(0, 1.0)[1] for _ in range(2 * LIMIT)]
    assert LIMIT * 0.9 <= answers.count(None) <= LIMIT
    machine.now += 2 * WINDOW
    assert finish(machine.gateways[0].spend("caller", 1.0))
    machine.teardown()
