"""The releases that a host has of a program, and which of them is current."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.postgres.running import asked

RECORD = "release.json"
"""The file of a release that says where it comes from."""


@dataclass(frozen=True)
class Record:
    """
    What is kept with a release.

    + source: a digest of what it is made of; releases for different Pythons have the same one
    + commit: of the repository that it was installed from; empty where there was none
    + migrations: the revisions of the database that it knows, the first one first, and whether each contracts
    """

    source: str
    commit: str
    migrations: Mapping[str, bool]


@dataclass(frozen=True)
class ReleaseState:
    """The releases by name, whether complete, the newest last."""

    complete: tuple[str, ...] = field(default=())
    broken: tuple[str, ...] = field(default=())
    current: str | None = None
    green: str | None = None
    """That of a second instance of the program, where the host has one."""
    records: Mapping[str, Record] = field(default_factory=dict)
    """Of those that were installed with one, by name."""

    def of(self, link: str) -> str | None:
        """
        The release that a link leads to.

        + link: ``current`` or ``green``
        """
        return {"current": self.current, "green": self.green}[link]


class Releases(FactBase[ReleaseState]):
    """
    The releases in a directory.

    + directory: it holds ``releases/``, the link ``current``, and ``green`` where there is a second instance
    """

    def command(self, directory: str) -> str:
        return f"""
cd {shlex.quote(directory)} 2>/dev/null || exit 0
for release in $(ls -1tr releases 2>/dev/null); do
  [ -e "releases/$release/.complete" ] && echo "complete $release" || echo "broken $release"
  [ ! -s "releases/$release/{RECORD}" ] || echo "record $release $(cat "releases/$release/{RECORD}")"
done
for link in current green; do
  [ ! -L $link ] || echo "$link $(basename "$(readlink $link)")"
done
"""

    @staticmethod
    def default() -> ReleaseState:
        return ReleaseState()

    def process(self, output: list[str]) -> ReleaseState:
        rows = [line.split(" ", 2) for line in output]
        return ReleaseState(
            complete=tuple(row[1] for row in rows if row[0] == "complete"),
            broken=tuple(row[1] for row in rows if row[0] == "broken"),
            current=next((row[1] for row in rows if row[0] == "current"), None),
            green=next((row[1] for row in rows if row[0] == "green"), None),
            records={row[1]: Record(**json.loads(row[2])) for row in rows if row[0] == "record"},
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
