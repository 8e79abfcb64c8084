"""Debian packages, without what Debian does on its own when one is installed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.package_bundle import DIRECTORY, OPTIONS, Needed
from deploys.facts.packages import POLICY, POLICY_KEPT, POLICY_MARK, Installed, PackageState
from deploys.operations import package_bundle
from deploys.operations.script import script

APT_GET = (
    # needrestart looks at every process after each installation: a site has none that is outdated yet.
    "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get --yes --quiet=2 --no-install-recommends "
    "-o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
    "-o Dpkg::Use-Pty=0"
)
FINISH = "DEBIAN_FRONTEND=noninteractive dpkg --configure -a --force-confold"


@operation
def installed(
    packages: Sequence[str], list_age: int = 24 * 3600, withheld: Sequence[str] = (), bundle: str | None = None
) -> Steps:
    """
    Have Debian packages installed, and none of their services started by that.

    Debian starts a service as soon as its package is installed, with Debian's configuration.
    A ``policy-rc.d`` (invoke-rc.d(8)) forbids it while this runs; an administrator's own is put back
    as it was, by the next run where this one is killed. Nothing that is installed is upgraded: that
    is for unattended-upgrades.

    + packages: names of Debian packages
    + list_age: seconds after which apt's lists are fetched again before something is installed
      (default a day)
    + withheld: shell lines to run first, where a package would otherwise make something of its own
    + bundle: directory of this machine with all packages and their index, for a host that has no mirror of Debian

    **Example:**

    .. code:: python

        packages.installed(name="Packages", packages=["nginx", "curl"])
    """
    current: PackageState = yield Reading(Installed, packages=tuple(packages))
    missing = [package for package in packages if package not in current.installed]
    if not missing and not current.interrupted and not current.policy_left:
        host.noop("all packages are installed")
        return
    lines = starts_allowed(POLICY, POLICY_KEPT)
    if missing or current.interrupted:
        lines += [*withheld, *starts_forbidden(POLICY, POLICY_KEPT)]
    if current.interrupted:
        lines.append(FINISH)
    if missing and bundle:
        if current.interrupted:
            # Before that apt says nothing.
            yield script(*lines)
        yield package_bundle.known(bundle)
        needed: tuple[str, ...] = yield Reading(Needed, packages=tuple(missing))
        yield from package_bundle.sent(bundle, needed)
        lines.append(f"{APT_GET} {OPTIONS} install {' '.join(shlex.quote(name) for name in missing)} >/dev/null")
        lines.append(f"rm -rf {DIRECTORY}")
    elif missing:
        if current.list_age is None or current.list_age > list_age:
            lines.append("apt-get --quiet=2 -o DPkg::Lock::Timeout=300 update")
        lines.append(f"{APT_GET} install {' '.join(shlex.quote(name) for name in missing)} >/dev/null")
    yield script(*lines)


def starts_allowed(policy: str, kept: str) -> list[str]:
    """
    Shell: put back, now and at the script's end, what said before a run whether services may start.

    Whatever is in the place and does not bear a run's mark is the administrator's.

    + policy: path of what forbids it
    + kept: path of the administrator's, while a run's own is in its place
    """
    return [
        "put_back() {",
        f"  if ! grep -Fqsx {shlex.quote(POLICY_MARK)} {policy} && {{ [ -e {policy} ] || [ -L {policy} ]; }}; then",
        f"    rm -f {kept}",
        f"  elif [ -e {kept} ] || [ -L {kept} ]; then",
        f"    mv -fT {kept} {policy}",
        "  else",
        f"    rm -f {policy}",
        "  fi",
        f"  rm -f {policy}.tracseq-new {kept}.tracseq-new",
        "}",
        "trap put_back EXIT",
        "put_back",
    ]


def starts_forbidden(policy: str, kept: str) -> list[str]:
    """
    Shell: keep the administrator's policy beside, and forbid all services to start.

    Each file is moved to its place at once, so that wherever this is killed, the administrator's is in
    one of the two places, or in both.

    + policy: path of what forbids it
    + kept: path of the administrator's, while a run's own is in its place
    """
    return [
        f"if [ -e {policy} ] || [ -L {policy} ]; then",
        f"  cp -a {policy} {kept}.tracseq-new",
        f"  mv -fT {kept}.tracseq-new {kept}",
        "fi",
        f"printf '%s\\n' '#!/bin/sh' {shlex.quote(POLICY_MARK)} 'exit 101' > {policy}.tracseq-new",
        f"chmod 755 {policy}.tracseq-new",
        f"mv -fT {policy}.tracseq-new {policy}",
    ]
