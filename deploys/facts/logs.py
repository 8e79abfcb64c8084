"""What the log host has of the journals of all hosts."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api import FactBase

PROGRAM = "/usr/local/sbin/tracseq-logs"


@dataclass(frozen=True)
class Said:
    """What the program that searches printed: lines; or, where it could not, why."""

    lines: tuple[str, ...] = ()
    failed: bool = False


class Logs(FactBase[Said]):
    """
    Lines of the journals of all hosts, the oldest first.

    + asked: the options of the program on the log host that searches them, without their dashes
    """

    def command(self, asked: Mapping[str, str]) -> str:
        options = " ".join(shlex.quote(f"--{name}={value}") for name, value in asked.items())
        return f'{PROGRAM} {options} 2>&1; echo "$?"'

    @staticmethod
    def default() -> Said:
        return Said(failed=True)

    def process(self, output: list[str]) -> Said:
        *lines, status = output
        return Said(tuple(lines), failed=int(status) > 1)
