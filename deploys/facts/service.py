"""A systemd unit with the files that it reads, and whether it runs with them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploys.facts import file_set, systemd
from deploys.facts.file_set import Files, FileSetState
from deploys.facts.mergeable import Mergeable

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "ConditionResult",
    "ConditionTimestampMonotonic",
)

START_TIMEOUT = 4
"""Seconds that a unit which is just starting is waited for; Debian's script takes two to see that Postgres runs."""


@dataclass(frozen=True)
class ServiceState:
    """What systemd says of a unit, and the files that it reads."""

    properties: dict[str, str] = field(default_factory=dict)
    files: FileSetState = field(default_factory=FileSetState)
    socket: dict[str, str] = field(default_factory=dict)
    """What systemd says of the unit that listens for it; empty where there is none."""
    answer: str | None = None
    """What its health endpoint answered: the HTTP status code; None where none was asked for."""

    @property
    def running(self) -> bool:
        return self.properties.get("ActiveState") in ("active", "reloading")

    @property
    def enabled(self) -> bool:
        return self.properties.get("UnitFileState") in (
            "enabled",
            "enabled-runtime",
            "alias",
            "static",
            "indirect",
            "generated",
        )

    @property
    def condition_failed(self) -> bool:
        """Whether the unit was asked to start and a condition of its own forbade it (systemd.unit(5))."""
        return (
            self.properties.get("ActiveState") == "inactive"
            and self.properties.get("ConditionResult") == "no"
            and self.properties.get("ConditionTimestampMonotonic", "0") != "0"
        )

    @property
    def listens(self) -> bool:
        """Whether its socket is open, and will be after a boot."""
        return self.socket.get("UnitFileState") == "enabled" and self.socket.get("ActiveState") == "active"

    @property
    def stale(self) -> bool:
        """Whether systemd has not read the unit's file since it changed."""
        return self.properties.get("NeedDaemonReload") == "yes"


@dataclass(frozen=True)
class Asked:
    """
    A service as it is to be read.

    + unit: canonical name of the unit, with its suffix
    + paths: absolute paths of the files that it reads
    + directories: directories whose names are wanted too
    + socket: the unit that listens for it
    + healthy: URL that answers 200 when it is well
    """

    unit: str
    paths: Sequence[str]
    directories: Sequence[str] = ()
    socket: str | None = None
    healthy: str | None = None

    @property
    def files(self) -> Files:
        """Its files as they are to be read."""
        return Files(self.paths, self.directories, self.unit)


class Service(Mergeable[Asked, ServiceState]):
    """
    A unit, the files it reads, and what its health endpoint answers, in one execution.

    + unit: canonical name of the unit, with its suffix
    + paths: absolute paths of the files
    + directories: directories whose names are wanted too
    + socket: the unit that listens for it
    + healthy: URL that answers 200 when the service is well
    """

    asked = Asked

    def command(
        self,
        unit: str,
        paths: Sequence[str],
        directories: Sequence[str] = (),
        socket: str | None = None,
        healthy: str | None = None,
    ) -> str:
        return self.alone(Asked(unit, paths, directories, socket, healthy))

    @classmethod
    def merged(cls, asked: Sequence[Asked]) -> str:
        return reading(asked)

    @classmethod
    def parted(cls, asked: Sequence[Asked], output: list[str]) -> list[ServiceState]:
        return parse(asked, output)

    @staticmethod
    def default() -> ServiceState:
        return ServiceState()


def reading(services: Sequence[Asked]) -> str:
    """
    Shell that prints what is known of services, for ``parse()``: each program is started once for all of them.

    One that is just starting is waited for.

    + services: the services, one or more
    """
    units = [unit for one in services for unit in (one.unit, one.socket) if unit]
    lines = [
        f"""
shown() {{ {systemd.showing(units, PROPERTIES)}; }}
shown=$(shown); tries=0
while [ $tries -lt {START_TIMEOUT * 10} ]; do
  case $shown in *ActiveState=activating*) ;; *) break ;; esac
  sleep 0.1; tries=$((tries + 1)); shown=$(shown)
done
printf '%s\\n' "$shown" | sed 's/^/unit\\t/'""",
        file_set.reading([one.files for one in services]),
    ]
    asked = dict.fromkeys(shlex.quote(one.healthy) for one in services if one.healthy)
    if asked:
        urls = " ".join(f"--output /dev/null {url}" for url in asked)
        lines.append(
            "curl --silent --parallel --max-time 5 "
            f"--write-out 'answer\\t%{{url}}\\t%{{http_code}}\\n' {urls} 2>/dev/null"
        )
    return "\n".join((*lines, "true"))


def parse(services: Sequence[Asked], output: Sequence[str]) -> list[ServiceState]:
    """
    What ``reading()`` printed, as the state of each service.

    + services: as they were given to ``reading()``
    + output: the lines that its shell printed
    """
    rows = [line.split("\t") for line in output]
    units = systemd.parse(row[1] for row in rows if row[0] == "unit" and len(row) == 2)
    answers = {row[1]: row[2] for row in rows if row[0] == "answer" and len(row) == 3}
    files = file_set.parse([one.files for one in services], output)
    return [
        ServiceState(
            properties=units.get(one.unit, {}),
            files=found,
            socket=units.get(one.socket, {}) if one.socket else {},
            answer=answers.get(one.healthy, "000") if one.healthy else None,
        )
        for one, found in zip(services, files, strict=True)
    ]
