"""What is left of a role on a host that is to have it no more."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from deploys.facts import systemd
from deploys.facts.mergeable import Mergeable
from deploys.facts.service import ServiceState


@dataclass(frozen=True)
class LeftState:
    """The units that still run or start at boot, and the paths that are still there."""

    units: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """
    A role as it is to be looked for.

    + units: canonical names of its units
    + paths: files and directories that it had
    """

    units: Sequence[str]
    paths: Sequence[str]


class Left(Mergeable[Asked, LeftState]):
    """
    What is left of a role.

    + units: canonical names of its units
    + paths: files and directories that it had
    """

    asked = Asked

    def command(self, units: Sequence[str], paths: Sequence[str]) -> str:
        return self.alone(Asked(units, paths))

    @classmethod
    def merged(cls, asked: Sequence[Asked]) -> str:
        units = [unit for one in asked for unit in one.units]
        paths = dict.fromkeys(shlex.quote(path) for one in asked for path in one.paths)
        lines = [f"[ ! -e {path} ] && [ ! -L {path} ] || printf 'path\\t%s\\n' {path}" for path in paths]
        if units:
            lines.append(f"{systemd.showing(units, ('ActiveState', 'UnitFileState'))} | sed 's/^/unit\\t/'")
        return "\n".join((*lines, "true"))

    @classmethod
    def parted(cls, asked: Sequence[Asked], output: list[str]) -> list[LeftState]:
        rows = [line.split("\t") for line in output]
        shown = systemd.parse(row[1] for row in rows if row[0] == "unit")
        states = {name: ServiceState(properties) for name, properties in shown.items()}
        units = frozenset(name for name, state in states.items() if state.running or state.enabled)
        paths = frozenset(row[1] for row in rows if row[0] == "path")
        return [LeftState(units.intersection(one.units), paths.intersection(one.paths)) for one in asked]

    @staticmethod
    def default() -> LeftState:
        return LeftState()
