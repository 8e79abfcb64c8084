"""The migrations of the database that an installed release has, as their files say it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api import FactBase

PACKAGE = "lib/python3*/site-packages/tracseq_gateway/audit"
"""Where a release has them and Alembic's configuration, as a shell's pattern."""


@dataclass(frozen=True)
class Migration:
    """
    A migration.

    + title: the first line of its file: what it does
    + downgrades: whether its file says how it is taken back
    """

    title: str
    downgrades: bool


class Migrations(FactBase[Mapping[str, Migration]]):
    """
    The migrations of a release, by revision.

    + directory: it holds ``releases/``
    + release: the name of the release
    """

    def command(self, directory: str, release: str) -> str:
        return rf"""
cd {shlex.quote(f"{directory}/releases/{release}")} 2>/dev/null || exit 0
for file in {PACKAGE}/migrations/versions/[0-9]*.py; do
  [ -e "$file" ] || continue
  printf '%s\t%s\t%s\n' "$(sed -n 's/^revision = "\(.*\)"$/\1/p' "$file")" "$(grep -c '^def downgrade(' "$file")" \
    "$(sed -n '1s/"\{{3\}}//gp' "$file")"
done
"""

    @staticmethod
    def default() -> Mapping[str, Migration]:
        return {}

    def process(self, output: list[str]) -> Mapping[str, Migration]:
        rows = [line.split("\t", 2) for line in output]
        return {row[0]: Migration(row[2], row[1] != "0") for row in rows if len(row) == 3}
