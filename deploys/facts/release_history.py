"""Which releases of a program a host had, since when, and who gave them to it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pyinfra.api import FactBase

DIRECTORY = "/var/lib/tracseq/releases"
"""It holds a file per program: a line of JSON for each time that another release was made the current one."""


@dataclass(frozen=True)
class Switch:
    """
    A time that another release was made the current one.

    + at: seconds since 1970, by the host's clock
    + release: its name
    + before: that of the one before; empty where there was none
    + commit: that it was installed from; empty where it is not known
    + by: the run that did it
    + back: whether it was a rollback
    """

    at: int
    release: str
    before: str
    commit: str
    by: str
    back: bool


class ReleaseHistory(FactBase[tuple[Switch, ...]]):
    """
    The last times that a program's release changed, the latest last.

    + program: its name, such as ``gateway``
    + last: how many of them (default 20)
    """

    def command(self, program: str, last: int = 20) -> str:
        return f"tail -n {last} {shlex.quote(f'{DIRECTORY}/{program}')} 2>/dev/null || true"

    @staticmethod
    def default() -> tuple[Switch, ...]:
        return ()

    def process(self, output: list[str]) -> tuple[Switch, ...]:
        return parsed(output)


class Noted(FactBase[bool]):
    """
    Whether the release to which a link leads is the one that was noted last, or there is no release yet.

    + program: its name, such as ``gateway``
    + link: path of the link
    """

    def command(self, program: str, link: str) -> str:
        return f"""
[ -L {shlex.quote(link)} ] || exit 0
release=$(basename "$(readlink {shlex.quote(link)})")
tail -n 1 {shlex.quote(f"{DIRECTORY}/{program}")} 2>/dev/null | grep -qF "\\"release\\": \\"$release\\"" || echo other
"""

    @staticmethod
    def default() -> bool:
        return True

    def process(self, output: list[str]) -> bool:
        return not output


def parsed(lines: Iterable[str]) -> tuple[Switch, ...]:
    """
    The lines of a history as values, without one that a host had no power to write to its end.

    + lines: of the file
    """
    return tuple(Switch(**found) for line in lines if (found := _values(line)) is not None)


def served(history: Sequence[Switch]) -> frozenset[str]:
    """
    The releases that stayed: not those that the run itself took away again which had brought them.

    + history: of a host
    """
    undone = {place - 1 for place, one in enumerate(history) if place and one.back and one.by == history[place - 1].by}
    stayed = {one.release for place, one in enumerate(history) if place not in undone}
    return frozenset(stayed.union(one.before for one in history[:1]) - {""})


def _values(line: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found if found.keys() == Switch.__dataclass_fields__.keys() else None
