"""The house stays as CONTRIBUTING says: who may import whom, and who may know what."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from deploys.settings import declarations

LAYERS = ("settings", "facts", "engine", "operations", "controller", "roles")
"""From the lowest; each may import those before it, and what ALLOWED names."""
ALLOWED = {("settings", "roles.registry")}
INSIDE_PYINFRA = re.compile(
    r"pyinfra_cli|pyinfra\.context|pyinfra\.api\.(operations|state|inventory|config|host|util)|pyinfra\.progress"
    r"|pyinfra\.connectors\.(util|ssh_util)|^paramiko"
)


def modules() -> dict[str, Path]:
    """Every module of the deploys, by its name."""
    return {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in Path("deploys").rglob("*.py")
    }


def imported(path: Path) -> set[str]:
    """What a module imports at run time, anywhere in it; names that are modules of ours as modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & set(modules())
            found |= submodules or {node.module}
    return found


def test_no_import_goes_in_a_circle() -> None:
    graph = {name: imported(path) & set(modules()) for name, path in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(f"these import each other: {' -> '.join(error.args[1])}") from None


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    lower = LAYERS[: LAYERS.index(layer) + 1]
    wrong = []
    for name, path in modules().items():
        if not name.startswith(f"deploys.{layer}"):
            continue
        for other in imported(path):
            part = other.removeprefix("deploys.")
            if part == other or part.split(".")[0] in lower or (layer, part) in ALLOWED:
                continue
            wrong.append(f"{name} imports {other}")
    assert not wrong, "\n".join(wrong)


def test_a_role_imports_no_other_role() -> None:
    wrong = []
    for name, path in modules().items():
        if match := re.match(r"deploys\.roles\.(\w+)\.", name):
            others = [other for other in imported(path) if other.startswith("deploys.roles.")]
            wrong += [
                f"{name} imports {other}" for other in others if not other.startswith(f"deploys.roles.{match[1]}.")
            ]
    assert not wrong, "\n".join(wrong)


def test_only_the_engine_knows_how_pyinfra_works_inside() -> None:
    wrong = [
        f"{name} imports {other}"
        for name, path in modules().items()
        if not name.startswith("deploys.engine")
        for other in imported(path)
        if INSIDE_PYINFRA.search(other)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_settings_read_the_environment() -> None:
    wrong = [name for name, path in modules().items() if "os.environ" in path.read_text()]
    assert all(name.startswith("deploys.settings") for name in wrong), wrong


def operations() -> set[str]:
    """Every operation: its module, and its own name."""
    return {
        f"{name}.{node.name}"
        for name, path in modules().items()
        if name.startswith("deploys.operations.")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(decorator).startswith("operation") for decorator in node.decorator_list)
    }


def test_every_operation_of_a_role_has_a_name() -> None:
    known, called = operations(), set()
    for path in Path("deploys/roles").rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                operation = f"{names.get(ast.unparse(node.func.value))}.{node.func.attr}"
                if operation in known:
                    called.add(operation)
                    assert "name" in {keyword.arg for keyword in node.keywords}, f"{path}: {operation} has no name="
    assert len(called) > len(known) / 2, "hardly any operation is found in the roles"


def test_a_bundle_has_every_package_that_a_role_installs() -> None:
    known, found = declarations.all_packages(), set()
    for path in Path("deploys/roles").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "packages.installed":
                arguments = {keyword.arg: keyword.value for keyword in node.keywords}
                assert ast.unparse(arguments["bundle"]) == "run.packages", f"{path}: a host without a mirror gets none"
                found |= {one.value for one in ast.walk(arguments["packages"]) if isinstance(one, ast.Constant)}
    assert found
    assert found <= set(known)
