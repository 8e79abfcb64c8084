"""Hosts of a group change one at a time, and none after one that failed."""

from __future__ import annotations

from collections.abc import Generator

import gevent
import pytest
from gevent.event import Event
from pyinfra import host as this
from pyinfra.api import OperationError, State, StringCommand, operation
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.operations import run_host_op
from pyinfra.context import ctx_host

from deploys.engine.rolling import before_a_turn, one_at_a_time
from tests.unit.fake_run import begun, executed, executing, name, on_each


@operation()
def changes(group: str | None, command: str = "change") -> Generator[StringCommand]:
    """Change a host in its turn."""
    with one_at_a_time(group):
        yield StringCommand(command)


def run(state: State, host: Host) -> bool:
    with ctx_host.use(host):
        return run_host_op(state, host, host.op_hash_order[0])


def at_once(group_of: dict[str, str | None]) -> int:
    """How many hosts of a run were within their turns at the same time, where each waits for the others a little."""
    within: set[str] = set()
    most = 0
    with begun(*group_of) as state:
        executing(state)

        def change(host: Host) -> None:
            nonlocal most
            with ctx_host.use(host), one_at_a_time(group_of[name(host)]):
                within.add(host.name)
                most = max(most, len(within))
                # Everybody else who may has begun by then.
                for _ in range(10):
                    gevent.sleep(0)
                within.discard(host.name)

        gevent.joinall([gevent.spawn(change, host) for host in state.inventory], timeout=30, raise_error=True)
    return most


def test_one_of_a_group_changes_at_a_time() -> None:
    assert at_once({"one": "gateways", "two": "gateways", "three": "gateways"}) == 1


def test_groups_do_not_wait_for_each_other() -> None:
    assert at_once({"one": "gateways", "two": "postgres"}) == 2


def test_without_a_group_nobody_waits() -> None:
    assert at_once({"one": None, "two": None, "three": None}) == 3


def test_after_one_that_failed_the_others_are_left_as_they_are() -> None:
    with begun("one", "two", fake_responses={"fails": {"success": False}}) as state:
        one, two = state.inventory
        on_each(
            state, lambda: changes(group="gateways", command="fails" if this.name == one.name else "change", name="1")
        )
        executing(state)
        assert run(state, one) is False
        with pytest.raises(OperationError, match="@fake/two was left as it is, because @fake/one failed before it"):
            run(state, two)
        assert executed(two) == []


def test_after_one_that_went_well_the_others_change() -> None:
    with begun("one", "two") as state:
        on_each(state, lambda: changes(group="gateways", name="1"))
        executing(state)
        assert [run(state, host) for host in state.inventory] == [True, True]


def test_one_that_waits_is_left_as_it_is_where_the_one_before_fails() -> None:
    asked, fails = Event(), Event()
    with begun("one", "two") as state:
        executing(state)
        one, two = state.inventory

        def failing() -> None:
            with ctx_host.use(one), one_at_a_time("gateways"):
                assert asked.wait(timeout=30)
                raise GeneratorExit

        def waiting() -> None:
            with ctx_host.use(two):
                gevent.spawn(asked.set)
                with one_at_a_time("gateways"):
                    fails.set()

        first, second = gevent.spawn(failing), gevent.spawn(waiting)
        gevent.joinall([first, second], timeout=30)
        assert isinstance(second.exception, OperationError)
        assert not fails.is_set()


@operation()
def changes_together(undone: list[str], command: str = "change") -> Generator[StringCommand]:
    """Change a host in its turn, and have it as it was where a later one fails."""
    with one_at_a_time("gateways") as roll:
        yield StringCommand(command)
        own = this.name

        def undo() -> None:
            gevent.sleep(0)  # as it waits for the network
            if own == "@fake/two":
                raise PyinfraError("it is not reached")
            undone.append(own)

        roll.changed(undo)


def test_those_before_one_that_failed_go_back_whatever_becomes_of_one_of_them() -> None:
    undone: list[str] = []
    with begun("one", "two", "three", fake_responses={"fails": {"success": False}}) as state:
        one, two, three = state.inventory
        on_each(
            state,
            lambda: changes_together(undone=undone, command="fails" if this.name == three.name else "change", name="1"),
        )
        executing(state)
        assert [run(state, host) for host in (one, two, three)] == [True, True, False]
    assert undone == ["@fake/one"]


@operation()
def looks_first(undone: list[str], command: str) -> Generator[StringCommand]:
    """Look at something before the turn, and change in it."""
    own = this.name
    with before_a_turn("gateways"):
        yield StringCommand(command)
    with one_at_a_time("gateways") as roll:
        yield StringCommand("change")
        roll.changed(lambda: undone.append(own))


def test_what_fails_before_a_turn_ends_it_for_all() -> None:
    undone: list[str] = []
    with begun("one", "two", "three", fake_responses={"fails": {"success": False}}) as state:
        one, two, three = state.inventory
        on_each(
            state, lambda: looks_first(undone=undone, command="fails" if this.name == two.name else "look", name="1")
        )
        executing(state)
        assert [run(state, host) for host in (one, two)] == [True, False]
        assert undone == ["@fake/one"]
        with pytest.raises(OperationError, match="@fake/three was left as it is, because @fake/two failed before it"):
            run(state, three)
        assert executed(three) == ["look"]


def test_a_plan_holds_no_turn() -> None:
    with begun("one", "two", plans=True) as state:
        on_each(state, lambda: changes(group="gateways", name="1"))
        assert all(executed(host) == [] for host in state.inventory)
        executing(state)
        assert [run(state, host) for host in state.inventory] == [True, True]


def test_another_run_knows_of_no_failure() -> None:
    for _ in range(2):
        with begun("one", fake_responses={"fails": {"success": False}}) as state:
            [host] = state.inventory
            on_each(state, lambda: changes(group="gateways", command="fails", name="1"))
            executing(state)
            assert run(state, host) is False
