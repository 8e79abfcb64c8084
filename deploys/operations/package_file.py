"""A package of Debian's form that is not Debian's, from a file of this machine."""

from __future__ import annotations

import base64
import shlex
from pathlib import Path

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.file_set import STAMPS
from deploys.facts.package_file import PackageFile, stamp
from deploys.facts.packages import POLICY, POLICY_KEPT
from deploys.operations.packages import APT_GET, starts_allowed, starts_forbidden
from deploys.operations.script import script

NO_SOURCES = " ".join(
    f"--option={option}"
    for option in (
        "Dir::Etc::sourcelist=/dev/null",
        "Dir::Etc::sourceparts=/dev/null",
        # What apt knows of its real sources is not overwritten by what it knows of none.
        "Dir::Cache::pkgcache=",
        "Dir::Cache::srcpkgcache=",
    )
)
"""Has apt know of no package but those that are there: with --no-download it would not find the file either."""


@operation
def installed(package: str, file: str, sha256: str) -> Steps:
    """
    Have a package installed from just this file, and none of its services started by that.

    What it depends on must be there already: apt fetches nothing for it. A package that came from another file, also
    a newer one, is replaced.

    + package: its name
    + file: path on this machine
    + sha256: the file's digest, which the host checks before it installs it

    **Example:**

    .. code:: python

        package_file.installed(name="Grafana", package="grafana", file="grafana_11.6.0_amd64.deb", sha256=digest)
    """
    found: str = yield Reading(PackageFile, package=package)
    if found == sha256:
        host.noop(f"{package} is from just this file")
        return
    kept = shlex.quote(stamp(package))
    yield script(
        *starts_allowed(POLICY, POLICY_KEPT),
        *starts_forbidden(POLICY, POLICY_KEPT),
        "deb=$(mktemp /var/tmp/tracseq-package.XXXXXX)",
        "trap 'rm -f \"$deb\"; put_back' EXIT",
        'base64 -d > "$deb"',
        f"if ! echo {shlex.quote(sha256)} ' '\"$deb\" | sha256sum --check --status; then",
        f"  echo 'What arrived of {package} is not what was sent. Nothing was changed.' >&2",
        "  exit 1",
        "fi",
        'found=$(dpkg-deb --field "$deb" Package)',
        f'if [ "$found" != {shlex.quote(package)} ]; then',
        f'  echo "What was sent is the package $found, and not {package}. Nothing was changed." >&2',
        "  exit 1",
        "fi",
        f"rm -f {kept}",
        # dpkg itself waits for nobody who is at work with packages.
        'chmod 644 "$deb"',
        'mv "$deb" "$deb.deb"',
        "deb=$deb.deb",
        f'{APT_GET} {NO_SOURCES} --allow-downgrades --reinstall install "$deb" >/dev/null',
        f"mkdir -p {STAMPS}",
        f"echo {shlex.quote(sha256)} > {kept}",
        stdin=base64.b64encode(Path(file).read_bytes()).decode(),
    )
