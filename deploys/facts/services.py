"""The releases of a service that a host has, and what it has of services at all."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from pyinfra.api import FactBase


@dataclass(frozen=True)
class KeptState:
    """The releases by name, whether complete, the newest last, and those that an instance runs."""

    complete: tuple[str, ...] = field(default=())
    broken: tuple[str, ...] = field(default=())
    used: frozenset[str] = frozenset()


class Kept(FactBase[KeptState]):
    """
    The releases in a directory.

    + directory: it holds ``releases/``, and a link to one of them for each instance
    """

    def command(self, directory: str) -> str:
        return f"""
cd {shlex.quote(directory)} 2>/dev/null || exit 0
for release in $(ls -1tr releases 2>/dev/null); do
  [ -e "releases/$release/.complete" ] && printf 'complete\\t%s\\n' "$release" || printf 'broken\\t%s\\n' "$release"
done
find . -mindepth 1 -maxdepth 1 -type l -printf 'used\\t%l\\n'
"""

    @staticmethod
    def default() -> KeptState:
        return KeptState()

    def process(self, output: list[str]) -> KeptState:
        rows = [line.split("\t") for line in output]
        return KeptState(
            complete=tuple(row[1] for row in rows if row[0] == "complete"),
            broken=tuple(row[1] for row in rows if row[0] == "broken"),
            used=frozenset(row[1].rpartition("/")[2] for row in rows if row[0] == "used"),
        )


@dataclass(frozen=True)
class PresentState:
    """Names of units that are the site's services', paths that belong to any, and directories with their data."""

    units: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


class Present(FactBase[PresentState]):
    """
    What a host has of services.

    + prefix: how the names of their units begin
    + units: directory of unit files
    + directories: what is in them belongs to services; of a directory in the first the links too
    """

    def command(self, prefix: str, units: str, directories: tuple[str, ...]) -> str:
        listed = " ".join(map(shlex.quote, directories))
        first = shlex.quote(directories[0])
        return f"""
find {units} -maxdepth 1 -type f -name '{prefix}*' -printf 'unit\\t%f\\n' 2>/dev/null
find {listed} -mindepth 1 -maxdepth 1 -printf 'path\\t%p\\n' 2>/dev/null
find {first} -mindepth 2 -maxdepth 2 -type l -printf 'path\\t%p\\n' 2>/dev/null
find /var/lib/private -mindepth 1 -maxdepth 1 -name '{prefix}*' -printf 'data\\t%p\\n' 2>/dev/null
true
"""

    @staticmethod
    def default() -> PresentState:
        return PresentState()

    def process(self, output: list[str]) -> PresentState:
        rows = [line.split("\t") for line in output]
        return PresentState(
            *(tuple(sorted(row[1] for row in rows if row[0] == kind)) for kind in ("unit", "path", "data"))
        )
