"""
What deploys/engine takes for granted of pyinfra's facts and contexts, one test for each.

After an upgrade of pyinfra, what is red here is what deploys/engine has to be looked through for.
"""

from __future__ import annotations

from pathlib import Path
from weakref import ref

import gevent
from pyinfra import host as this
from pyinfra import inventory
from pyinfra.api import FactBase
from pyinfra.api.host import Host
from pyinfra.context import ctx_host, ctx_state
from pyinfra.progress import progress_spinner

from tests.unit.fake_run import begun, executed, name
from tests.unit.observed import pyinfra


class Said(FactBase[list[str]]):
    """What a command prints."""

    def command(self, command: str) -> str:
        self.asked = command
        return command

    @staticmethod
    def default() -> list[str]:
        return ["by default"]

    def process(self, output: list[str]) -> list[str]:
        return [self.asked, *output]


def test_a_fact_is_read_as_often_as_it_is_asked_for() -> None:
    with begun("one") as state:
        [host] = state.inventory
        for _ in range(3):
            host.get_fact(Said, command="echo")
        assert executed(host) == ["echo"] * 3


def test_a_fact_that_prints_nothing_is_its_default() -> None:
    with begun("one") as state:
        [host] = state.inventory
        assert host.get_fact(Said, command="true") == ["by default"]


def test_a_fact_is_processed_by_the_one_that_made_the_command() -> None:
    """engine/combined.py keeps there what was wanted."""
    with begun("one", fake_responses={"echo": "text"}) as state:
        [host] = state.inventory
        assert host.get_fact(Said, command="echo") == ["echo", "text"]


def test_a_fact_is_given_the_lines_as_they_were_printed(tmp_path: Path) -> None:
    """Empty ones too, and blanks at their ends."""
    files = {
        "fact.py": (
            "from pyinfra.api import FactBase\n"
            "class Lines(FactBase):\n"
            "    def command(self):\n"
            "        return r\"printf 'one\\t\\n\\n  two \\n\\n'\"\n"
            "    def process(self, output):\n"
            "        return list(output)\n"
        ),
        "deploy.py": (
            "import fact\nfrom pyinfra import host\nfrom notes import note\nnote('lines', host.get_fact(fact.Lines))\n"
        ),
    }
    found = pyinfra(tmp_path, files, "-y", "@local", "deploy.py")
    assert found.one("lines") == ["one\t", "", "  two ", ""]


def test_a_host_of_the_inventory_is_the_same_at_each_call() -> None:
    with begun("one") as state:
        [host] = state.inventory
        with ctx_host.use(host):
            assert inventory.get_host("@fake/one") is host
            assert inventory.get_host(this.name) is host
            assert this is not host and this == host


def test_the_state_is_the_context_of_all_greenlets_and_the_host_of_its_own() -> None:
    with begun("one", "two") as state:

        def seen(host: Host) -> tuple[bool, str]:
            with ctx_host.use(host):
                gevent.sleep(0)
                return ctx_state.get() is state, this.name  # type: ignore[no-untyped-call]

        jobs = [gevent.spawn(seen, host) for host in state.inventory]
        assert [job.get() for job in jobs] == [(True, "@fake/one"), (True, "@fake/two")]


def test_a_state_can_be_kept_weakly() -> None:
    """engine/per_run.py keeps what is made for it as long as it lives."""
    with begun("one") as state:
        assert ref(state)() is state


def test_the_pool_lets_no_more_hosts_at_a_time_than_parallel() -> None:
    with begun("one", "two", "three") as state:
        assert state.pool.size == state.config.PARALLEL == 3


def test_progress_is_told_by_what_it_was_begun_with() -> None:
    with progress_spinner(host for host in ("one", "two")) as ended:
        ended("one")
        ended("two")


def test_what_a_host_has_nothing_to_do_for_costs_no_command() -> None:
    with begun("one") as state:
        [host] = state.inventory
        host.noop("it is there")
        assert executed(host) == []
        assert name(host) == "one"
