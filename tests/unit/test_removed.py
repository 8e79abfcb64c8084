"""What a host gives back: that by which a role is known comes last, so that a run that died is finished by the next."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from deploys.roles.registry import ROLES
from deploys.roles.role import Role

REMOVES = [path for path in Path("deploys/roles").glob("*/remove.py") if "role.removed(" in path.read_text()]
REMOVED = [role for role in ROLES if role.name in {path.parent.name for path in REMOVES}]


def last_paths(name: str) -> list[str]:
    """The last of each list of paths that a role has removed."""
    module = import_module(f"deploys.roles.{name}.remove")
    calls = [one for one in ast.walk(ast.parse(Path(str(module.__file__)).read_text())) if isinstance(one, ast.Call)]
    given = [word.value for call in calls for word in call.keywords if word.arg == "paths"]
    found = []
    for one in given:
        assert isinstance(one, ast.List)
        found.append(eval(f"[{ast.unparse(one.elts[-1])}][-1]", vars(module)))
    return found


@pytest.mark.parametrize("role", REMOVED, ids=lambda role: role.name)
def test_its_trace_is_the_last_of_its_paths(role: Role) -> None:
    found = last_paths(role.name)
    assert found
    for path in found:
        assert any(trace == path or trace.startswith(f"{path}/") for trace in role.declaration.traces)
