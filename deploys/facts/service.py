"""A systemd unit with the files that it reads, and whether it runs with them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts import file_set
from deploys.facts.file_set import FileSetState

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


def _shown(label: str, unit: str) -> str:
    """Shell that prints the properties of a unit, each after a label; one that is just starting is waited for."""
    show = f"systemctl show --property={','.join(PROPERTIES)} -- {shlex.quote(unit)} 2>/dev/null"
    return f"""
shown=$({show}); tries=0
while [ $tries -lt {START_TIMEOUT * 10} ]; do
  case $shown in *ActiveState=activating*) ;; *) break ;; esac
  sleep 0.1; tries=$((tries + 1)); shown=$({show})
done
printf '%s\\n' "$shown" | sed 's/^/{label}\\t/'"""


class Service(FactBase[ServiceState]):
    """
    A unit, the files it reads, and what its health endpoint answers, in one execution.

    + unit: canonical name of the unit, with its suffix
    + paths: absolute paths of the files
    + directories: directories whose names are wanted too
    + socket: the unit that listens for it
    + healthy: URL that answers 200 when the service is well
    """

    def command(
        self,
        unit: str,
        paths: Sequence[str],
        directories: Sequence[str],
        socket: str | None = None,
        healthy: str | None = None,
    ) -> str:
        lines = [_shown("unit", unit), file_set.reading(paths, directories, unit)]
        if socket:
            lines.append(_shown("socket", socket))
        if healthy:
            lines.append(
                "printf 'answer\\t%s\\n' \"$(curl --silent --max-time 5 --output /dev/null "
                f"--write-out '%{{http_code}}' {shlex.quote(healthy)} 2>/dev/null)\""
            )
        return "\n".join((*lines, "true"))

    @staticmethod
    def default() -> ServiceState:
        return ServiceState()

    def process(self, output: list[str]) -> ServiceState:
        rows = [line.split("\t") for line in output]
        return ServiceState(
            properties=dict(row[1].split("=", 1) for row in rows if row[0] == "unit" and "=" in row[1]),
            socket=dict(row[1].split("=", 1) for row in rows if row[0] == "socket" and "=" in row[1]),
            files=file_set.parse(output),
            answer=next((row[1] for row in rows if row[0] == "answer"), None),
        )
