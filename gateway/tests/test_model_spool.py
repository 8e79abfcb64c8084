"""The spool of the audit trail, step by step beside a model: two workers, each of which may die."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tracseq_gateway.audit.spool import Spool


class SpoolMachine(RuleBasedStateMachine):
    """The model: the entries that were written, and those that were delivered."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="gateway-spool-"))
        self.now = 0
        self.spools = [self._start(), self._start()]
        self.written: list[bytes] = []
        self.delivered: list[bytes] = []

    def _start(self) -> Spool:
        return Spool(self.folder, lambda: self.now)

    def teardown(self) -> None:
        for number in range(2):
            self.a_worker_is_killed(number)
        shutil.rmtree(self.folder)

    @rule(worker=st.integers(0, 1), count=st.integers(1, 3))
    def write(self, worker: int, count: int) -> None:
        self.now += 1
        lines = [b"%d\n" % (len(self.written) + number) for number in range(count)]
        self.spools[worker].append(lines)
        self.written += lines

    @rule(worker=st.integers(0, 1))
    def a_worker_is_killed(self, worker: int) -> None:
        # The kernel closes its file and so ends its lock.
        descriptor = self.spools[worker]._descriptor
        if descriptor is not None:
            os.close(descriptor)
        self.spools[worker] = self._start()

    @rule(worker=st.integers(0, 1), seal=st.booleans())
    def deliver(self, worker: int, seal: bool) -> None:
        spool = self.spools[worker]
        spool.prepare(seal=seal)
        for segment in spool.ready():
            with spool.claim(segment) as mine:
                assert mine
                self.delivered += segment.read_bytes().splitlines(keepends=True)
                segment.unlink()

    @precondition(lambda self: self.spools[0].ready())
    @rule()
    def a_segment_that_is_being_delivered_is_left_alone(self) -> None:
        segment = self.spools[0].ready()[0]
        with self.spools[0].claim(segment) as mine, self.spools[1].claim(segment) as others:
            assert mine
            assert not others

    @rule(worker=st.integers(0, 1))
    def seal(self, worker: int) -> None:
        self.spools[worker].seal()

    @invariant()
    def nothing_is_lost_and_nothing_is_there_twice(self) -> None:
        kept = [line for file in self.folder.iterdir() for line in file.read_bytes().splitlines(keepends=True)]
        assert sorted(kept + self.delivered) == sorted(self.written)

    @invariant()
    def the_backlog_is_what_is_ready_and_what_is_written_now(self) -> None:
        ready = sum(file.read_bytes().count(b"\n") for file in self.folder.glob("*.ready"))
        for spool in self.spools:
            mine = spool._path.read_bytes().count(b"\n") if spool._descriptor is not None else 0
            assert spool.backlog() == ready + mine
            assert (spool.oldest() is None) == (spool.backlog() == 0)


TestSpool = SpoolMachine.TestCase
TestSpool.settings = settings(max_examples=25, stateful_step_count=25)
