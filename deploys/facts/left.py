"""What is left of a role on a host that is to have it no more."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra.api import FactBase


@dataclass(frozen=True)
class LeftState:
    """The units that still run or start at boot, and the paths that are still there."""

    units: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()


class Left(FactBase[LeftState]):
    """
    What is left of a role.

    + units: canonical names of its units
    + paths: files and directories that it had
    """

    def command(self, units: Sequence[str], paths: Sequence[str]) -> str:
        lines = [
            f"{{ systemctl is-active --quiet {unit} || systemctl is-enabled --quiet {unit} 2>/dev/null; }}"
            f" && printf 'unit\\t%s\\n' {unit}"
            for unit in map(shlex.quote, units)
        ]
        lines += [
            f"[ ! -e {path} ] && [ ! -L {path} ] || printf 'path\\t%s\\n' {path}" for path in map(shlex.quote, paths)
        ]
        return "\n".join((*lines, "true"))

    @staticmethod
    def default() -> LeftState:
        return LeftState()

    def process(self, output: list[str]) -> LeftState:
        rows = [line.split("\t") for line in output]
        return LeftState(
            units=frozenset(row[1] for row in rows if row[0] == "unit"),
            paths=frozenset(row[1] for row in rows if row[0] == "path"),
        )
