"""Arguments and what the host prints make an operation's commands: see tests/unit/operations."""

from __future__ import annotations

import inspect
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from tests.unit.operations import command, outcome
from tests.unit.operations.case import Case, all_cases

CASES = all_cases()


def operations() -> list[str]:
    """The operations of deploys/operations: what a module itself defines, and a decorator made one of."""
    found = []
    root = Path("deploys/operations")
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        module = import_module(".".join(("deploys.operations", *parts)))
        for name, value in inspect.getmembers(module, inspect.isfunction):
            # What is annotated as an iterator is a context, such as that of a host which is drained.
            wrapped = hasattr(value, "__wrapped__") and not str(value.__annotations__["return"]).startswith("Iterator")
            if value.__module__ == module.__name__ and wrapped:
                found.append(".".join((*parts, name)))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation_name}/{case.path.stem}")
def test_it_does_what_its_case_expects(case: Case, tmp_path: Path) -> None:
    assert outcome.of(case, tmp_path) == case.expected


@pytest.mark.parametrize("name", operations())
def test_every_operation_has_its_cases(name: str) -> None:
    cases = {case.path.stem: case for case in CASES if case.operation_name == name}
    assert "nothing_there" in cases, f"what does {name} do where nothing is there?"
    assert "as_it_should_be" in cases, f"what does {name} do where all is as it should be?"
    assert not cases["as_it_should_be"].expected.get("commands"), f"{name} changes what is as it should be"
    others = cases.keys() - {"nothing_there", "as_it_should_be"}
    acts = any(cases[one].expected.get("commands") or cases[one].expected.get("error") for one in others)
    assert acts, f"what does {name} do about a difference?"


def test_every_case_is_of_an_operation() -> None:
    assert {case.operation_name for case in CASES} <= set(operations())


def test_a_shell_understands_what_runs_on_a_host() -> None:
    for case in CASES:
        for one in case.expected.get("commands", ()):
            checked = subprocess.run(["sh", "-n"], input=command.shell(one), text=True, capture_output=True)
            assert checked.returncode == 0, f"{case.path}: {checked.stderr}"
