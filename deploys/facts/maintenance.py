"""Which hosts are out for maintenance, as a host knows it; and which of its units are held until it is back."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pyinfra.api import FactBase

DIRECTORY = "/var/lib/tracseq-maintenance"
"""Each host has a file here for each host that is out, of its name; balancers send nothing to such a gateway."""
HELD = "tracseq-maintenance.conf"
"""The drop-in of a unit that starts no more while its host is out."""
UNITS = "/etc/systemd/system"
MOMENT = "%Y-%m-%d %H:%M UTC"
"""How a note writes a moment."""


@dataclass(frozen=True)
class Note:
    """That a host is out for maintenance."""

    since: str
    """Date and time, UTC."""
    by: str
    why: str
    until: str
    """Until when nobody is told of its absence as an alert."""

    @property
    def end(self) -> datetime | None:
        """That moment; None where somebody wrote something else there."""
        try:
            return datetime.strptime(self.until, MOMENT).replace(tzinfo=UTC)
        except ValueError:
            return None

    def text(self) -> str:
        """The file."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True) + "\n"

    def sentence(self, name: str) -> str:
        """What people are told."""
        return f"{name} is out for maintenance since {self.since} by {self.by}: {self.why}."


class Notes(FactBase[Mapping[str, Note]]):
    """Which hosts are out, by name. Everybody may read it."""

    def command(self) -> str:
        return f"""
for note in {DIRECTORY}/*; do
  [ ! -f "$note" ] || printf '%s\\t%s\\n' "${{note##*/}}" "$(tr '\\n' ' ' < "$note")"
done
"""

    @staticmethod
    def default() -> Mapping[str, Note]:
        return {}

    def process(self, output: list[str]) -> Mapping[str, Note]:
        # Also an empty one: balancers, and the conditions of units, only look whether it is there.
        found = (line.partition("\t") for line in output)
        return {name: note(text) for name, tab, text in found if tab}


def note(text: str) -> Note:
    """
    What a file says; one that was written by hand has what it has.

    + text: of the file
    """
    try:
        said = json.loads(text)
        return Note(*(str(said[key]) for key in ("since", "by", "why", "until")))
    except (ValueError, KeyError, TypeError):
        return Note("some time", "somebody", "its note is not understood", "")


@dataclass(frozen=True)
class HeldState:
    """Units of a host."""

    active: frozenset[str] = frozenset()
    enabled: frozenset[str] = frozenset()
    """Those that start with the host, were they not held."""
    held: frozenset[str] = frozenset()


class Held(FactBase[HeldState]):
    """
    Which units of a host run, start at boot, or are held while it is out.

    + units: canonical names
    """

    def command(self, units: Sequence[str]) -> str:
        lines = [
            f"unit={unit}\n"
            "case $(systemctl show --value --property=ActiveState $unit) in inactive | failed) ;; "
            "*) printf 'active\\t%s\\n' $unit ;; esac\n"
            "systemctl --quiet is-enabled $unit 2>/dev/null && printf 'enabled\\t%s\\n' $unit\n"
            f"[ ! -e {UNITS}/$unit.d/{HELD} ] || printf 'held\\t%s\\n' $unit"
            for unit in map(shlex.quote, units)
        ]
        return "\n".join((*lines, "true"))

    @staticmethod
    def default() -> HeldState:
        return HeldState()

    def process(self, output: list[str]) -> HeldState:
        rows = [line.split("\t") for line in output]
        kinds = ("active", "enabled", "held")
        return HeldState(*(frozenset(row[1] for row in rows if row[0] == kind and len(row) == 2) for kind in kinds))
