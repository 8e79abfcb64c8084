"""State of services that is put back: where there is any, and what the backup host sent."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra.api import FactBase

DIRECTORY = "/var/lib/tracseq-restored"
"""Where a host takes the state of its services."""
RECEIVER = "tracseq-restore-receive-state.service"


@dataclass(frozen=True)
class StateThere:
    """The state of a host's services."""

    empty: frozenset[str] = frozenset()
    """The directories in which nothing is."""
    received: bool = False
    """Whether the backup host has sent what is to be there."""


class State(FactBase[StateThere]):
    """
    Which directories with state are empty, and whether what belongs there has arrived.

    + paths: the directories
    """

    def command(self, paths: Sequence[str]) -> str:
        lines = [
            f"[ -n \"$(ls -A {path} 2>/dev/null)\" ] || printf 'empty\\t%s\\n' {path}"
            for path in map(shlex.quote, paths)
        ]
        return "\n".join((*lines, f"[ ! -e {DIRECTORY}/received/state.tar ] || echo received"))

    @staticmethod
    def default() -> StateThere:
        return StateThere()

    def process(self, output: list[str]) -> StateThere:
        rows = [line.split("\t") for line in output]
        return StateThere(
            empty=frozenset(row[1] for row in rows if row[0] == "empty"),
            received=["received"] in rows,
        )
