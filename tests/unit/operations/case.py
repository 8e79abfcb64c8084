"""A case: a file, what it gives to its operation, and what it expects of it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from tests.unit.operations import toml

DIRECTORY = Path(__file__).parent
EXPECTED = "[expected]\n"


@dataclass(frozen=True)
class Case:
    """A case of an operation, by its file."""

    path: Path

    @property
    def operation_name(self) -> str:
        """Of its module below deploys/operations and itself, with dots."""
        return self.path.parent.name

    @cached_property
    def operation(self) -> Callable[..., Any]:
        """The operation, as a deploy calls it."""
        module, _, name = self.operation_name.rpartition(".")
        found: Callable[..., Any] = getattr(import_module(f"deploys.operations.{module}"), name)
        return found

    @cached_property
    def data(self) -> dict[str, Any]:
        """What is in the file."""
        return tomllib.loads(self.path.read_text())

    def arguments(self, files: Path) -> dict[str, Any]:
        """
        The operation's arguments, as values of the types that it declares.

        Args:
            files: the directory with the case's files
        """
        hints = get_type_hints(self.operation)
        given = _with_files(self.data.get("arguments", {}), files)
        assert given.keys() <= signature(self.operation).parameters.keys(), f"{self.path}: arguments that are none"
        return {name: TypeAdapter(hints[name]).validate_python(value) for name, value in given.items()}

    @property
    def expected(self) -> dict[str, Any]:
        """What the operation is expected to do."""
        found: dict[str, Any] = self.data.get("expected", {})
        return found

    def write(self, found: dict[str, Any]) -> None:
        """Expect from now on what was found."""
        by_hand = self.path.read_text().partition(EXPECTED)[0].rstrip("\n")
        self.path.write_text(f"{by_hand}\n\n{toml.written('expected', found)}")


def all_cases() -> list[Case]:
    """Every case there is, by the name of its operation and its own."""
    return [Case(path) for path in sorted(DIRECTORY.glob("*/*.toml"))]


def _with_files(value: Any, files: Path) -> Any:
    if isinstance(value, dict):
        return {key: _with_files(one, files) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_files(one, files) for one in value]
    return value.replace("{files}", str(files)) if isinstance(value, str) else value
