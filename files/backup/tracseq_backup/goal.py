"""What a restore goes back to: all that is archived, a moment, or a named restore point."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Goal:
    """Neither a time nor a point: everything that is archived."""

    time: str = ""
    """With its zone, as ISO 8601 has it."""
    point: str = ""
    timeline: int = 0
    """The timeline whose history is followed; 0: the newest."""

    @property
    def moment(self) -> float | None:
        """The time in seconds since 1970."""
        return datetime.fromisoformat(self.time).timestamp() if self.time else None

    @property
    def written(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)


def parse(text: str) -> Goal:
    """A goal, of the JSON that the deploy gives."""
    return Goal(**json.loads(text))


def said(moment: float) -> str:
    """A time as people read it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%F %T UTC")
