"""Debian packages, without what Debian does on its own when one is installed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.packages import Installed, PackageState
from deploys.operations.script import script

APT_GET = (
    # needrestart looks at every process after each installation: a site has none that is outdated yet.
    "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get --yes --quiet=2 --no-install-recommends "
    "-o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
    "-o Dpkg::Use-Pty=0"
)


@operation
def installed(packages: Sequence[str], list_age: int = 24 * 3600, withheld: Sequence[str] = ()) -> Steps:
    """
    Have Debian packages installed, and none of their services started by that.

    Debian starts a service as soon as its package is installed, with Debian's configuration.
    A ``policy-rc.d`` (invoke-rc.d(8)) forbids it while this runs. Nothing that is installed is
    upgraded: that is for unattended-upgrades.

    + packages: names of Debian packages
    + list_age: seconds after which apt's lists are fetched again before something is installed
      (default a day)
    + withheld: shell lines to run first, where a package would otherwise make something of its own

    **Example:**

    .. code:: python

        packages.installed(name="Packages", packages=["nginx", "curl"])
    """
    current: PackageState = yield Reading(Installed, packages=tuple(packages))
    missing = [package for package in packages if package not in current.installed]
    if not missing and not current.interrupted:
        host.noop("all packages are installed")
        return
    lines = [*withheld]
    lines += [
        # A run that was killed may have left it: it is taken away by whoever made it last.
        "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d",
        "chmod 755 /usr/sbin/policy-rc.d",
        "trap 'rm -f /usr/sbin/policy-rc.d' EXIT",
    ]
    if current.interrupted:
        lines.append("DEBIAN_FRONTEND=noninteractive dpkg --configure -a --force-confold")
    if missing:
        if current.list_age is None or current.list_age > list_age:
            lines.append("apt-get --quiet=2 -o DPkg::Lock::Timeout=300 update")
        lines.append(f"{APT_GET} install {' '.join(shlex.quote(name) for name in missing)} >/dev/null")
    yield script(*lines)
