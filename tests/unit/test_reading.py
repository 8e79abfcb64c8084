"""An operation says what it reads, and is sent the answers; what changes is noted around each command."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import FactBase, State, StringCommand
from pyinfra.api.host import Host
from pyinfra.api.operations import run_host_op
from pyinfra.context import ctx_host

from deploys.engine import knowledge, reading
from deploys.engine.combined import SEPARATOR, Combined, Wanted
from deploys.engine.reading import Reading, Steps, operation
from tests.unit.fake_run import begun, executed, executing, on_each

TEXT: dict[str, Any] = {"fake_responses": {f"'{SEPARATOR}'": ["a", SEPARATOR, "b"], "cat a": "a", "cat b": "b"}}


class Text(FactBase[str]):
    """The text of a file."""

    def command(self, path: str) -> str:
        return f"cat {path}"

    @staticmethod
    def default() -> str:
        return ""


@operation
def written(path: str, text: str, server: str | None = None) -> Steps:
    """Have a file with a text."""
    current: str = yield Reading(Text, path=path, server=server)
    if current != text:
        yield StringCommand(f"write {path}")
        again: str = yield Reading(Text, path=path, server=server)
        yield StringCommand(f"was {again}")


def run(state: State, host: Host) -> list[bool]:
    """Run all operations of a host."""
    executing(state)
    with ctx_host.use(host):
        return [run_host_op(state, host, one) for one in host.op_hash_order]


def test_what_all_operations_read_is_known_before_the_first_runs() -> None:
    with begun("one", **TEXT) as state:
        [host] = state.inventory
        on_each(state, lambda: [written(path="a", text="a", name="1"), written(path="b", text="b", name="2")])
        assert executed(host) == []
        assert run(state, host) == [True, True]
        [command] = executed(host)
        assert "cat a" in command and "cat b" in command


def test_the_same_reading_is_wanted_once() -> None:
    with begun("one", **TEXT) as state:
        [host] = state.inventory
        on_each(state, lambda: [written(path="a", text="a", name="1"), written(path="a", text="a", name="2")])
        assert knowledge.of(host).wanted == [Wanted(Text, {"path": "a"})]


def test_an_operation_reads_anew_what_it_has_changed_itself() -> None:
    with begun("one", **TEXT) as state:
        [host] = state.inventory
        on_each(state, lambda: written(path="a", text="other", name="1"))
        run(state, host)
        assert [one.strip("()\n").splitlines()[0] for one in executed(host)] == ["cat a", "write a", "cat a", "was a"]


def test_another_host_is_read_and_this_one_changed() -> None:
    with begun("one", "two", **TEXT) as state:
        one, two = state.inventory
        with ctx_host.use(one):
            written(path="a", text="a", server="@fake/two", name="1")
        run(state, one)
        assert (executed(one), len(executed(two))) == ([], 1)


def test_everything_is_read_by_one_operation_before_the_others() -> None:
    with begun("one", **TEXT) as state:
        [host] = state.inventory
        on_each(state, lambda: [reading.everything(name="0"), written(path="a", text="a", name="1"),
                                written(path="b", text="b", name="2")])  # fmt: skip
        executing(state)
        with ctx_host.use(host):
            for place, operation in enumerate(host.op_hash_order):
                assert len(executed(host)) == min(place, 1)
                assert run_host_op(state, host, operation)
        assert len(executed(host)) == 1


def test_a_plan_reads_each_time_and_keeps_nothing() -> None:
    """It may be looked at for long before it is carried out."""
    with begun("one", plans=True, **TEXT) as state:
        [host] = state.inventory
        on_each(state, lambda: written(path="a", text="a", name="1"))
        assert executed(host) == ["cat a"]
        run(state, host)
        assert len(executed(host)) == 2


@pytest.mark.parametrize(
    ("given", "wanted"),
    [({"path": "a", "text": "x", "_sudo": True}, [Wanted(Text, {"path": "a"})]), ({"path": "a"}, TypeError)],
)
def test_what_is_pyinfras_is_not_the_operations(given: Mapping[str, Any], wanted: Any) -> None:
    with begun("one", **TEXT) as state:
        [host] = state.inventory
        if wanted is TypeError:
            with pytest.raises(TypeError, match="text"):
                on_each(state, lambda: written(name="1", **given))
            return
        on_each(state, lambda: written(name="1", **given))
        assert knowledge.of(host).wanted == wanted


def test_each_command_is_a_change_at_its_begin_and_at_its_end() -> None:
    with begun("one", **TEXT) as state:
        [host] = state.inventory
        on_each(state, lambda: written(path="a", text="other", name="1"))
        run(state, host)
        assert knowledge.changes().made == {(host.op_hash_order[0], host.name): 4}


def test_a_change_that_failed_is_one() -> None:
    with begun("one", fake_responses={"write": {"success": False}}) as state:
        [host] = state.inventory
        on_each(state, lambda: written(path="a", text="other", name="1"))
        assert run(state, host) == [False]
        assert sum(knowledge.changes().made.values()) >= 1


def test_an_operation_that_fails_is_told_so_at_its_command() -> None:
    """So what it holds, such as its turn in a rolling change, is given back."""
    told = []

    @operation
    def holds() -> Steps:
        yield Reading(Text, path="a")
        try:
            yield StringCommand("write")
        except GeneratorExit:
            told.append("closed")
            raise

    with begun("one", fake_responses={"write": {"success": False}}) as state:
        [host] = state.inventory
        on_each(state, lambda: holds(name="1"))
        assert run(state, host) == [False]
    assert told == ["closed"]


@pytest.mark.parametrize(
    ("output", "values"),
    [
        (["a", SEPARATOR, "b"], ["a", "b"]),
        (["a", "", SEPARATOR, "b"], ["a", "b"]),
        (["", SEPARATOR, "b"], ["", "b"]),
        ([SEPARATOR], ["", ""]),
        (["a", "", "", SEPARATOR, "", "b", ""], ["a\n", "\nb\n"]),
    ],
)
def test_facts_that_are_read_together_are_told_apart(output: list[str], values: list[str]) -> None:
    combined = Combined()
    combined.command([Wanted(Text, {"path": "a"}), Wanted(Text, {"path": "b"})])
    assert combined.process(output) == values


def test_facts_that_are_read_together_do_not_see_each_other(tmp_path: Path) -> None:
    """By a real shell: variables, directories and an early end are each fact's own."""

    class Shell(FactBase[list[str]]):
        def command(self, script: str) -> str:
            return script

        @staticmethod
        def default() -> list[str]:
            return []

        def process(self, output: list[str]) -> list[str]:
            return output

    scripts = [f"cd {tmp_path}; x=1; echo one; exit 0", "echo ${x:-none}; printf 'no line break'", "true", "false"]
    combined = Combined()
    text = combined.command([Wanted(Shell, {"script": script}) for script in scripts])
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True)
    assert done.returncode == 0
    assert combined.process(done.stdout.splitlines()) == [["one"], ["none", "no line break"], [], []]
