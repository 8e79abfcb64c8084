"""What was read of a host is used as long as nothing changed that it must know of, and read anew after that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from pyinfra.api import FactBase, State
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deploys.engine import knowledge
from deploys.engine.combined import SEPARATOR, Wanted
from tests.unit.fake_run import begun, executed, executing

THREE, TWO = (re.compile(f"(?s)({SEPARATOR}.*){{{separators}}}") for separators in (2, 1))
COUNTED: dict[str, Any] = {
    "fake_responses": {THREE: ["1", SEPARATOR, "2", SEPARATOR, "3"], TWO: ["2", SEPARATOR, "3"], "echo": ["1"]}
}


class Echo(FactBase[str]):
    """What a host prints."""

    def command(self, what: str) -> str:
        return f"echo {what}"


FIRST, SECOND, THIRD = (Wanted(Echo, {"what": what}) for what in ("first", "second", "third"))


@pytest.fixture
def state() -> Iterator[State]:
    """A run that executes, whose hosts each want three readings."""
    with begun("one", "two", **COUNTED) as state:
        executing(state)
        for host in state.inventory:
            knowledge.of(host).wanted += [FIRST, SECOND, THIRD]
        yield state


def ask(host: Host, wanted: Wanted = FIRST, of: Host | None = None, operation: str = "operation") -> str:
    """What an operation of a host is answered about a host, by default itself."""
    with ctx_host.use(host):
        host.current_op_hash = operation
        answer: str = knowledge.of(of or host).answer(of or host, wanted)
        return answer


def change(host: Host, operation: str = "operation") -> None:
    """Have an operation begin and end a change of a host."""
    with ctx_host.use(host):
        host.current_op_hash = operation
        knowledge.changes().note()


def reads(host: Host) -> int:
    """How often a host was read."""
    return len(executed(host))


def test_what_is_wanted_is_read_at_once_and_used_as_long_as_nothing_changes(state: State) -> None:
    [one, _] = state.inventory
    assert [ask(one, wanted) for wanted in (FIRST, SECOND, THIRD, FIRST)] == ["1", "2", "3", "1"]
    assert reads(one) == 1


def test_a_reading_in_the_middle_reads_those_after_it_and_not_those_before(state: State) -> None:
    [one, _] = state.inventory
    ask(one, SECOND)
    [command] = executed(one)
    assert "echo first" not in command
    assert command.index("echo second") < command.index("echo third")


def test_what_nobody_had_announced_is_read_alone(state: State) -> None:
    [one, _] = state.inventory
    ask(one, Wanted(Echo, {"what": "unknown"}))
    [command] = executed(one)
    assert "echo unknown" in command and SEPARATOR not in command


@pytest.mark.parametrize(
    ("about", "by", "operation", "fresh"),
    [
        ("its own change", "one", "operation", False),
        ("an earlier operation's change of the host", "one", "earlier", False),
        ("another operation's change elsewhere", "two", "earlier", False),
        ("the same operation's change elsewhere, at this moment", "two", "operation", True),
    ],
)
def test_a_change_ends_what_is_known_but_for_the_same_operations_elsewhere(
    state: State, about: str, by: str, operation: str, fresh: bool
) -> None:
    hosts = dict(zip(("one", "two"), state.inventory, strict=True))
    ask(hosts["one"])
    change(hosts[by], operation)
    ask(hosts["one"])
    assert (reads(hosts["one"]) == 1) is fresh


def test_what_the_same_operation_changed_elsewhere_is_news_to_the_next(state: State) -> None:
    one, two = state.inventory
    ask(one, operation="operation")
    change(two, "operation")
    ask(one, operation="operation")
    assert reads(one) == 1
    ask(one, operation="next")
    assert reads(one) == 2


def test_a_host_is_also_read_for_another(state: State) -> None:
    one, two = state.inventory
    ask(one, of=two)
    assert (reads(one), reads(two)) == (0, 1)
    change(two, "earlier")
    ask(one, of=two)
    assert reads(two) == 2


def test_where_one_change_follows_the_other_nothing_is_read_ahead(state: State) -> None:
    one, _ = state.inventory
    ask(one)
    change(one)
    ask(one)
    assert "echo second" in executed(one)[0]
    assert "echo second" not in executed(one)[1]


def test_where_what_was_read_ahead_was_of_use_the_rest_is_again(state: State) -> None:
    one, _ = state.inventory
    ask(one)
    ask(one, SECOND)
    change(one)
    ask(one)
    assert "echo second" in executed(one)[1]


def test_two_who_ask_at_once_read_once(state: State) -> None:
    """Another host's operation may ask for this one while this one asks."""
    one, two = state.inventory
    one.data.fake_delay = 0.01
    jobs = [gevent.spawn(ask, one), gevent.spawn(ask, two, of=one)]
    gevent.joinall(jobs, timeout=30)
    assert [job.get() for job in jobs] == ["1", "1"]
    assert reads(one) == 1


def test_an_answer_that_was_just_read_counts_though_another_began_a_change_meanwhile(state: State) -> None:
    """Or two hosts whose operations change something all the time would never come to an end."""
    one, two = state.inventory
    one.data.fake_delay = 0.01
    job = gevent.spawn(ask, one)
    gevent.sleep(0)
    change(two, "earlier")
    gevent.joinall([job], timeout=30)
    assert (job.get(), reads(one)) == ("1", 1)
    ask(one)
    assert reads(one) == 2


def test_a_host_that_prints_nothing_has_the_facts_defaults() -> None:
    with begun("one") as state:
        executing(state)
        [one] = state.inventory
        knowledge.of(one).wanted += [FIRST, SECOND]
        assert ask(one) is None
        assert ask(one, SECOND) is None


def test_another_run_knows_nothing() -> None:
    for _ in range(2):
        with begun("one", **COUNTED) as state:
            executing(state)
            [one] = state.inventory
            ask(one)
            assert reads(one) == 1
