"""What dpkg says of a host's packages."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

POLICY = "/usr/sbin/policy-rc.d"
"""What forbids that services are started by their packages (invoke-rc.d(8)); an administrator may have one."""
POLICY_KEPT = f"{POLICY}.tracseq-kept"
"""The administrator's, while a run has its own in its place."""
POLICY_MARK = "# of a run that installs packages; it goes away at its end"
"""A line of the run's own."""


@dataclass(frozen=True)
class PackageState:
    """The packages that are installed, how old apt's lists are, and what a run that was killed left."""

    installed: frozenset[str] = field(default_factory=frozenset)
    interrupted: bool = False
    list_age: int | None = None
    """Seconds since apt's lists were fetched; None where there are none."""
    policy_left: bool = False
    """Whether a run was killed that forbade services to start, and has not put back what was there before."""


def policy_left(policy: str, kept: str) -> str:
    """
    Shell that says whether a run was killed before it had put back the administrator's policy.

    + policy: path of what forbids that services are started
    + kept: path of the administrator's, while a run's own is in its place
    """
    return f"[ ! -e {kept} ] && [ ! -L {kept} ] && ! grep -Fqsx {shlex.quote(POLICY_MARK)} {policy} || echo policy left"


class Installed(FactBase[PackageState]):
    """
    Which of some packages are installed, how old apt's lists are, and what a run that was killed left.

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
{policy_left(POLICY, POLICY_KEPT)}
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
            policy_left=["policy", "left"] in rows,
        )
