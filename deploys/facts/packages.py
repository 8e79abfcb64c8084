"""What dpkg says of a host's packages."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploys.facts.mergeable import Mergeable

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


@dataclass(frozen=True)
class Asked:
    """
    Packages as they are to be looked for.

    + packages: names of Debian packages
    """

    packages: Sequence[str]


class Installed(Mergeable[Asked, PackageState]):
    """
    Which of some packages are installed, how old apt's lists are, and what a run that was killed left.

    + packages: names of Debian packages
    """

    asked = Asked

    def command(self, packages: Sequence[str]) -> str:
        return self.alone(Asked(packages))

    @classmethod
    def merged(cls, asked: Sequence[Asked]) -> str:
        names = " ".join(dict.fromkeys(shlex.quote(name) for one in asked for name in one.packages))
        # dpkg leaves a file in updates/ for every step that it did not finish (dpkg(1), --configure).
        return f"""
dpkg-query --show --showformat 'package ${{Package}} ${{db:Status-Status}}\\n' {names} 2>/dev/null
[ -z "$(ls -A /var/lib/dpkg/updates 2>/dev/null | head -n 1)" ] && [ -z "$(dpkg --audit)" ] || echo interrupted
newest=$(ls -1t /var/lib/apt/lists/*_Packages* 2>/dev/null | head -n 1)
[ -z "$newest" ] || echo age $(($(date +%s) - $(stat -c %Y /var/lib/apt/lists)))
{policy_left(POLICY, POLICY_KEPT)}
true
"""

    @classmethod
    def parted(cls, asked: Sequence[Asked], output: list[str]) -> list[PackageState]:
        rows = [line.split() for line in output]
        installed = {row[1] for row in rows if row[0] == "package" and row[2] == "installed"}
        return [
            PackageState(
                installed=frozenset(installed.intersection(one.packages)),
                interrupted=["interrupted"] in rows,
                list_age=next((int(row[1]) for row in rows if row[0] == "age"), None),
                policy_left=["policy", "left"] in rows,
            )
            for one in asked
        ]

    @staticmethod
    def default() -> PackageState:
        return PackageState()
