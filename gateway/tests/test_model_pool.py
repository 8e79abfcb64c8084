"""The queue of the connection pool, step by step beside a model."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tracseq_gateway.upstream.queue import ConnectionQueue, Place

LIMIT = 3


class PoolMachine(RuleBasedStateMachine):
    """The model: connections that are busy, idle ones in the order of their use, and a line of those who wait."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: ConnectionQueue[int] = ConnectionQueue(LIMIT)
        self.busy: list[int] = []
        self.idle: list[tuple[int, float]] = []
        self.line: list[Place[int]] = []
        self.opened = 0
        self.now = 0.0

    def _open(self) -> None:
        self.opened += 1
        self.busy.append(self.opened)

    @rule(seconds=st.floats(0, 10))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def ask(self) -> None:
        connection = self.queue.take_idle()
        assert connection == (self.idle.pop()[0] if self.idle else None)
        if connection is not None:
            self.busy.append(connection)
        elif self.queue.take_slot():
            assert len(self.busy) < LIMIT
            self._open()
        else:
            assert len(self.busy) == LIMIT
            self.line.append(Place())
            self.queue.wait(self.line[-1])

    @precondition(lambda self: self.busy)
    @rule(choice=st.integers(0, LIMIT))
    def give_back(self, choice: int) -> None:
        connection = self.busy[choice % len(self.busy)]
        served = self.queue.give_back(connection, self.now)
        if self.line:
            assert served is self.line.pop(0)
            assert served.connection == connection
        else:
            assert served is None
            self.busy.remove(connection)
            self.idle.append((connection, self.now))

    @precondition(lambda self: self.busy and self.line)
    @rule(choice=st.integers(0, LIMIT))
    def give_back_one_that_closes_before_it_is_used(self, choice: int) -> None:
        connection = self.busy[choice % len(self.busy)]
        served = self.queue.give_back(connection, self.now)
        assert served is self.line[0]
        self.queue.wait(served, first=True)
        assert self.queue.free_slot() is served
        assert served.connection is None
        self.busy.remove(connection)
        self.line.pop(0)
        self._open()

    @precondition(lambda self: self.busy)
    @rule(choice=st.integers(0, LIMIT))
    def lose_a_busy_one(self, choice: int) -> None:
        self.busy.pop(choice % len(self.busy))
        served = self.queue.free_slot()
        assert served is (self.line.pop(0) if self.line else None)
        if served is not None:
            self._open()

    @precondition(lambda self: self.idle)
    @rule(choice=st.integers(0, LIMIT))
    def lose_an_idle_one(self, choice: int) -> None:
        connection, _ = self.idle.pop(choice % len(self.idle))
        self.queue.withdraw(connection)
        assert self.queue.free_slot() is None

    @precondition(lambda self: self.line)
    @rule(choice=st.integers(0, 9))
    def leave(self, choice: int) -> None:
        self.queue.leave(self.line.pop(choice % len(self.line)))

    @rule(seconds=st.floats(0, 20))
    def look_for_stale_ones(self, seconds: float) -> None:
        moment = self.now - seconds
        assert self.queue.idle_since_before(moment) == [one for one, since in self.idle if since < moment]

    @invariant()
    def every_slot_is_accounted_for(self) -> None:
        assert self.queue.slots == len(self.busy) + len(self.idle) <= LIMIT
        assert self.queue.waiting == len(self.line)
        assert not (self.line and (self.idle or len(self.busy) < LIMIT)), "nobody waits in vain"


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=60, stateful_step_count=40)
