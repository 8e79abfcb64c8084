"""
What deploys/engine takes for granted of pyinfra's operations, one test for each.

After an upgrade of pyinfra, what is red here is what deploys/engine has to be looked through for.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyinfra import host as this
from pyinfra import state as of_run
from pyinfra.api import OperationError, StringCommand, operation
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.operations import run_host_op
from pyinfra.api.state import BaseStateCallback, State
from pyinfra.connectors.util import CommandOutput, OutputLine
from pyinfra.context import ctx_host

from tests.unit.fake_run import begun, executed, executing, on_each
from tests.unit.observed import pyinfra

FAILING: dict[str, Any] = {"fake_responses": {"fails": {"success": False, "stderr": "It does not."}}}


@operation()
def runs(commands: Sequence[str], notes: list[str] | None = None) -> Generator[StringCommand]:
    """Run commands, and note when it is closed in between."""
    try:
        for command in commands:
            yield StringCommand(command)
    except GeneratorExit:
        if notes is not None:
            notes.append("closed")
        raise


def run(state: State, host: Host, place: int = 0) -> bool:
    """Run one operation of a host, by its place among those that were declared."""
    with ctx_host.use(host):
        return run_host_op(state, host, host.op_hash_order[place])


def test_a_hosts_operations_are_known_in_the_order_in_which_they_were_declared() -> None:
    with begun("one") as state:
        [host] = state.inventory
        with ctx_host.use(host):
            declared = [runs(commands=["true"], name=str(number)) for number in range(3)]
        assert host.op_hash_order == [one._hash for one in declared]
        assert list(state.ops[host]) == host.op_hash_order
        assert [state.get_op_meta(one).names for one in host.op_hash_order] == [{"0"}, {"1"}, {"2"}]


def test_the_order_of_a_run_keeps_that_of_each_host() -> None:
    with begun("one", "two") as state:
        on_each(state, lambda: [runs(commands=["true"], name="shared"), runs(commands=["true"], name="then")])
        one, two = state.inventory
        with ctx_host.use(two):
            runs(commands=["true"], name="of two alone")
        order = state.get_op_order()  # type: ignore[no-untyped-call]
        assert order == two.op_hash_order
        assert order[:2] == one.op_hash_order


def test_an_operation_that_all_hosts_declare_at_the_same_place_is_one() -> None:
    with begun("one", "two") as state:
        found = on_each(state, lambda: runs(commands=["true"], name="shared"))
        assert found["one"]._hash == found["two"]._hash
        assert len(state.op_meta) == 1


def test_an_operation_is_known_by_the_lines_that_lead_to_it_and_not_by_their_files(tmp_path: Path) -> None:
    module = "from pyinfra.operations import server\n{}def act():\n    server.shell(name='{}', commands=['true'])\n"
    files = {
        "first.py": module.format("", "first"),
        "second.py": module.format("", "second"),
        "lower.py": module.format("\n", "lower"),
        "inventory.py": 'hosts = ["@fake/one", "@fake/two", "@fake/three"]',
        "deploy.py": (
            "import first, second, lower\n"
            "from pyinfra import host\n"
            "from notes import note\n"
            "{'@fake/one': first, '@fake/two': second, '@fake/three': lower}[host.name].act()\n"
            "note(host.name, host.op_hash_order)\n"
        ),
    }
    found = pyinfra(tmp_path, files, "--dry", "inventory.py", "deploy.py")
    assert found.code == 0, found.output
    assert found.one("@fake/one") == found.one("@fake/two") != found.one("@fake/three")


def test_an_operation_that_runs_well_is_true_and_its_commands_are_executed() -> None:
    with begun("one") as state:
        [host] = state.inventory
        on_each(state, lambda: runs(commands=["first", "second"], name="runs"))
        executing(state)
        assert run(state, host) is True
        assert executed(host) == ["first", "second"]


def test_an_operation_whose_command_fails_is_false_and_ends_there() -> None:
    with begun("one", **FAILING) as state:
        [host] = state.inventory
        on_each(state, lambda: runs(commands=["first", "fails", "last"], name="runs"))
        executing(state)
        assert run(state, host) is False
        assert executed(host) == ["first", "fails"]


def test_a_generator_is_closed_where_its_command_fails_before_the_operation_ends() -> None:
    notes: list[str] = []
    with begun("one", **FAILING) as state:
        [host] = state.inventory
        on_each(state, lambda: runs(commands=["fails", "last"], notes=notes, name="runs"))
        executing(state)
        run(state, host)
        assert notes == ["closed"]


def test_a_generator_that_comes_to_its_end_is_not_closed_before() -> None:
    notes: list[str] = []
    with begun("one") as state:
        [host] = state.inventory
        on_each(state, lambda: runs(commands=["first"], notes=notes, name="runs"))
        executing(state)
        assert run(state, host) is True
        assert notes == []


def test_an_error_of_an_operation_is_not_caught() -> None:
    """So engine/execution.py catches it."""

    @operation()
    def refuses() -> Generator[StringCommand]:
        raise OperationError("It was left as it is.")
        yield

    with begun("one") as state:
        [host] = state.inventory
        on_each(state, lambda: refuses(name="refuses"))
        executing(state)
        with pytest.raises(OperationError, match="It was left as it is"):
            run(state, host)


def test_a_command_executes_itself() -> None:
    class Own(StringCommand):
        def execute(self, state: State, host: Host, connector_arguments: Any) -> tuple[bool, CommandOutput]:
            assert connector_arguments.keys() >= {"_stdin", "_sudo"}
            return False, CommandOutput([OutputLine("stderr", f"{host.name} says no")])

    @operation()
    def own() -> Generator[StringCommand]:
        yield Own("true", _stdin="text")

    with begun("one") as state:
        [host] = state.inventory
        on_each(state, lambda: own(name="own", _sudo=True))
        executing(state)
        assert run(state, host) is False
        assert executed(host) == []


def test_an_operation_knows_itself_while_it_runs_and_no_longer() -> None:
    seen = []

    @operation()
    def sees() -> Generator[StringCommand]:
        seen.append(this.current_op_hash)
        yield StringCommand("true")

    with begun("one") as state:
        [host] = state.inventory
        on_each(state, lambda: sees(name="sees"))
        executing(state)
        run(state, host)
        assert [*seen, host.current_op_hash] == [host.op_hash_order[0], None]


def test_an_operation_is_not_run_when_it_is_declared_unless_changes_are_looked_for() -> None:
    seen = []

    @operation()
    def sees() -> Generator[StringCommand]:
        seen.append(of_run.is_executing)
        yield StringCommand("true")

    for plans, expected in ((False, []), (True, [False])):
        seen.clear()
        with begun("one", plans=plans) as state:
            on_each(state, lambda: sees(name="sees"))
            assert seen == expected


def test_what_pyinfra_knows_of_an_operation_is_not_given_to_it() -> None:
    """Such as name= and _sudo=: engine/reading.py tells the others apart by the operation's own signature."""
    given: dict[str, Any] = {}

    @operation()
    def takes(**arguments: Any) -> Generator[StringCommand]:
        given.update(arguments)
        yield StringCommand("true")

    with begun("one", plans=True) as state:
        on_each(state, lambda: takes(name="takes", _sudo=True, own=1))
        assert given == {"own": 1}


def test_a_command_reads_what_it_is_given(tmp_path: Path) -> None:
    files = {
        "work.py": (
            "from pyinfra.api import StringCommand, operation\n"
            "@operation()\n"
            "def reads():\n"
            "    yield StringCommand('cat > read', _stdin='one\\ntwo')\n"
        ),
        "deploy.py": f"import work\nwork.reads(name='Reads', _chdir='{tmp_path}')",
    }
    assert pyinfra(tmp_path, files, "-y", "@local", "deploy.py").code == 0
    assert (tmp_path / "read").read_text() == "one\ntwo\n"


def test_a_failed_host_stops_the_run_where_none_may_fail() -> None:
    with begun("one", "two") as state:
        one, two = state.inventory
        state.fail_hosts(set())  # type: ignore[no-untyped-call]
        with pytest.raises(PyinfraError, match="Over 0% of hosts failed"):
            state.fail_hosts({one})  # type: ignore[no-untyped-call]
        assert list(state.inventory.get_active_hosts()) == [two]
        assert state.activated_hosts == {one, two}


def test_callbacks_are_told_of_hosts_and_operations() -> None:
    told = []

    class Told(BaseStateCallback):
        def __getattribute__(self, what: str) -> Any:
            if what.startswith(("operation", "host")):
                return lambda state, *about: told.append(
                    (what, *(getattr(one, "name", "operation") for one in about[:2]))
                )
            return super().__getattribute__(what)

    with begun("one", **FAILING) as state:
        [host] = state.inventory
        state.add_callback_handler(Told())  # type: ignore[no-untyped-call]
        on_each(state, lambda: [runs(commands=["true"], name="well"), runs(commands=["fails"], name="not well")])
        executing(state)
        run(state, host, 0)
        run(state, host, 1)
        state.trigger_callbacks("operation_start", "operation")
        state.trigger_callbacks("operation_end", "operation")
        host.disconnect()
    assert [what for what, *_ in told] == [
        "operation_host_start", "operation_host_success", "operation_host_start", "operation_host_error",
        "operation_start", "operation_end", "host_disconnect",
    ]  # fmt: skip
    assert told[0][1:] == told[1][1:] == ("@fake/one", "operation")
