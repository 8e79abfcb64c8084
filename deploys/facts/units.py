"""The units of a host: those that it must have, and those that failed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.service import ServiceState

PROPERTIES = ("Id", "ActiveState", "ActiveEnterTimestamp", "ConditionResult", "ConditionTimestampMonotonic")


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
        names = " ".join(map(shlex.quote, units))
        return f"""
systemctl list-units --failed --plain --no-legend --full 2>/dev/null | sed 's/ .*//; s/^/failed\\t/'
systemctl show --timestamp=unix --property={",".join(PROPERTIES)} -- {names} 2>/dev/null
true
"""

    @staticmethod
    def default() -> UnitsState:
        return UnitsState()

    def process(self, output: list[str]) -> UnitsState:
        blocks: list[dict[str, str]] = [{}]
        for line in output:
            key, separator, value = line.partition("=")
            if separator and key in PROPERTIES:
                blocks[-1][key] = value
            elif not line:
                blocks.append({})
        return UnitsState(
            units={block["Id"]: ServiceState(block) for block in blocks if "Id" in block},
            failed=tuple(line.partition("\t")[2] for line in output if line.startswith("failed\t")),
        )
