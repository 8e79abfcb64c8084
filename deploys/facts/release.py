"""The releases that a host has of a program, and which of them is current."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.postgres.running import asked


@dataclass(frozen=True)
class ReleaseState:
    """The releases by name, whether complete, the newest last."""

    complete: tuple[str, ...] = field(default=())
    broken: tuple[str, ...] = field(default=())
    current: str | None = None


class Releases(FactBase[ReleaseState]):
    """
    The releases in a directory.

    + directory: it holds ``releases/`` and the link ``current``
    """

    def command(self, directory: str) -> str:
        return f"""
cd {shlex.quote(directory)} 2>/dev/null || exit 0
for release in $(ls -1tr releases 2>/dev/null); do
  [ -e "releases/$release/.complete" ] && echo "complete $release" || echo "broken $release"
done
[ ! -L current ] || echo "current $(basename "$(readlink current)")"
"""

    @staticmethod
    def default() -> ReleaseState:
        return ReleaseState()

    def process(self, output: list[str]) -> ReleaseState:
        rows = [line.split() for line in output]
        return ReleaseState(
            complete=tuple(row[1] for row in rows if row[0] == "complete"),
            broken=tuple(row[1] for row in rows if row[0] == "broken"),
            current=next((row[1] for row in rows if row[0] == "current"), None),
        )


class Revision(FactBase[str | None]):
    """
    The revision that a release last migrated a database to, as Alembic notes it; None where none did.

    + database: name of the database; asked of the host's own server, as its superuser
    """

    def command(self, database: str) -> str:
        return asked("select version_num from alembic_version", database)

    @staticmethod
    def default() -> str | None:
        return None

    def process(self, output: list[str]) -> str | None:
        return output[0].strip() or None
