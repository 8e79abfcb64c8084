"""The units of a host: those that it must have, and those that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts import systemd
from deploys.facts.service import ServiceState

PROPERTIES = ("ActiveState", "ActiveEnterTimestamp", "ConditionResult", "ConditionTimestampMonotonic")


@dataclass(frozen=True)
class UnitsState:
    """What systemd says of a host's units."""

    units: Mapping[str, ServiceState] = field(default_factory=dict)
    """Those that were asked for, by name; of one that is not installed, that it is not running."""
    failed: tuple[str, ...] = ()
    """The names of all that failed."""


class Units(FactBase[UnitsState]):
    """
    Some units and since when they are active, and the names of all that failed.

    + units: canonical names, with their suffixes
    """

    def command(self, units: Sequence[str]) -> str:
        self.units = units
        return f"""
systemctl list-units --failed --plain --no-legend --full 2>/dev/null | sed 's/ .*//; s/^/failed\\t/'
{systemd.showing(units, PROPERTIES)}
true
"""

    @staticmethod
    def default() -> UnitsState:
        return UnitsState()

    def process(self, output: list[str]) -> UnitsState:
        shown = systemd.parse(line for line in output if not line.startswith("failed\t"))
        return UnitsState(
            units={name: ServiceState(shown[name]) for name in self.units if name in shown},
            failed=tuple(line.partition("\t")[2] for line in output if line.startswith("failed\t")),
        )
