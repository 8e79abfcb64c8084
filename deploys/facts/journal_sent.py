"""Up to when the log host has a host's journal."""

from __future__ import annotations

from pyinfra.api import FactBase

FILE = "/var/lib/tracseq-journal-sent/state/journal.prom"


class JournalSent(FactBase[float | None]):
    """The moment up to which the log host has all lines, in seconds since 1970; None where that is not known yet."""

    def command(self) -> str:
        return f"cat {FILE} 2>/dev/null || true"

    @staticmethod
    def default() -> float | None:
        return None

    def process(self, output: list[str]) -> float | None:
        values = [line.split()[1] for line in output if line and not line.startswith("#")]
        return float(values[0]) if values else None
