"""What dpkg says of a host's packages."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase


@dataclass(frozen=True)
class PackageState:
    """The packages that are installed, and how old apt's lists are."""

    installed: frozenset[str] = field(default_factory=frozenset)
    interrupted: bool = False
    list_age: int | None = None
    """Seconds since apt's lists were fetched; None where there are none."""


class Installed(FactBase[PackageState]):
    """
    Which of some packages are installed, whether dpkg was interrupted, how old apt's lists are.

    + packages: names of Debian packages
    """

    def command(self, packages: Sequence[str]) -> str:
        names = " ".join(shlex.quote(name) for name in packages)
        # dpkg leaves a file in updates/ for every step that it did not finish (dpkg(1), --configure).
        return f"""
dpkg-query --show --showformat 'package ${{Package}} ${{db:Status-Status}}\\n' {names} 2>/dev/null
[ -z "$(ls -A /var/lib/dpkg/updates 2>/dev/null | head -n 1)" ] && [ -z "$(dpkg --audit)" ] || echo interrupted
newest=$(ls -1t /var/lib/apt/lists/*_Packages* 2>/dev/null | head -n 1)
[ -z "$newest" ] || echo age $(($(date +%s) - $(stat -c %Y /var/lib/apt/lists)))
true
"""

    @staticmethod
    def default() -> PackageState:
        return PackageState()

    def process(self, output: list[str]) -> PackageState:
        rows = [line.split() for line in output]
        return PackageState(
            installed=frozenset(row[1] for row in rows if row[0] == "package" and row[2] == "installed"),
            interrupted=["interrupted"] in rows,
            list_age=next((int(row[1]) for row in rows if row[0] == "age"), None),
        )
