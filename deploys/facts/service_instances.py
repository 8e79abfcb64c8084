"""All instances of services on a host at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts import file_set
from deploys.facts.file_set import STAMPS, FileSetState, FileState, listing
from deploys.facts.service import PROPERTIES, ServiceState


@dataclass(frozen=True)
class Place:
    """
    An instance as it is to be read.

    + unit: canonical name of its unit
    + paths: absolute paths of its files
    + healthy: URL that answers 200 when it is well
    + socket: the unit that listens for it
    """

    unit: str
    paths: tuple[str, ...]
    healthy: str
    socket: str | None = None


@dataclass(frozen=True)
class InstancesState:
    """What was found of all instances together."""

    units: Mapping[str, dict[str, str]] = field(default_factory=dict)
    """The properties of units and sockets, by name."""
    files: Mapping[str, FileState] = field(default_factory=dict)
    applied: Mapping[str, Mapping[str, FileState]] = field(default_factory=dict)
    """The files of each unit as they were when it last applied them, by its name."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """HTTP status codes, by URL."""

    def of(self, place: Place) -> ServiceState:
        """One of them, as if it had been read by itself."""
        return ServiceState(
            properties=self.units.get(place.unit, {}),
            files=FileSetState(
                files={path: self.files[path] for path in place.paths if path in self.files},
                applied=self.applied.get(place.unit),
            ),
            socket=self.units.get(place.socket, {}) if place.socket else {},
            answer=self.answers.get(place.healthy),
        )


class Instances(FactBase[InstancesState]):
    """
    All instances of services that a host is to have, in one reading: each more costs next to nothing.

    + places: the instances
    """

    def command(self, places: Sequence[Place]) -> str:
        units = " ".join(shlex.quote(unit) for one in places for unit in (one.unit, one.socket) if unit)
        stamps = " ".join(shlex.quote(f"{STAMPS}/{one.unit}") for one in places)
        asked = " ".join(f"--output /dev/null {shlex.quote(one.healthy)}" for one in places)
        return f"""
systemctl show --property=Id,{",".join(PROPERTIES)} -- {units} 2>/dev/null | sed 's/^/unit\\t/'
{listing([path for one in places for path in one.paths])}
grep -H '' /dev/null {stamps} 2>/dev/null | sed 's/^/stamp\\t/'
curl --silent --parallel --max-time 5 --write-out 'answer\\t%{{url}}\\t%{{http_code}}\\n' {asked} 2>/dev/null
true
"""

    @staticmethod
    def default() -> InstancesState:
        return InstancesState()

    def process(self, output: list[str]) -> InstancesState:
        rows = [line.split("\t") for line in output]
        stamps: dict[str, list[str]] = {}
        for line in output:
            if line.startswith("stamp\t"):
                path, _, row = line.removeprefix("stamp\t").partition(":")
                stamps.setdefault(path.rpartition("/")[2], []).append(row)
        return InstancesState(
            units=_blocks(row[1] for row in rows if row[0] == "unit" and len(row) == 2),
            files=file_set.parse(output).files,
            applied={unit: file_set.parse(found).files for unit, found in stamps.items()},
            answers={row[1]: row[2] for row in rows if row[0] == "answer" and len(row) == 3},
        )


def _blocks(lines: Iterable[str]) -> dict[str, dict[str, str]]:
    """The properties of each unit, by its name, as ``systemctl show`` prints them."""
    found: dict[str, dict[str, str]] = {}
    block: dict[str, str] = {}
    for line in (*lines, ""):
        key, separator, value = line.partition("=")
        if separator:
            block[key] = value
        elif block:
            found[block.pop("Id", "")] = block
            block = {}
    return found
