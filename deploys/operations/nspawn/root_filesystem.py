"""The root file system of a bare Debian machine, built once and kept."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.nspawn import RootFileSystems
from deploys.settings import lab

# Machines of the lab share two cores and are thrown away: dpkg need not wait for a disk, and every
# machine would wait for the others' apt timers.
PREPARATION = """
chroot "$1" apt-get install --yes --download-only --no-install-recommends {packages}
chroot "$1" systemctl enable systemd-networkd.service ssh.service
chroot "$1" systemctl disable apt-daily.timer apt-daily-upgrade.timer
chroot "$1" systemctl mask systemd-networkd-wait-online.service systemd-network-generator.service
chroot "$1" useradd --create-home --shell /bin/bash {user}
install -d -m 0700 -o 1000 -g 1000 "$1/home/{user}/.ssh"
echo '{user} ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/{user}"
echo force-unsafe-io > "$1/etc/dpkg/dpkg.cfg.d/lab"
rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname"
: > "$1/etc/machine-id"
"""


def root_key(suite: str, packages: Sequence[str], archive: Sequence[str]) -> str:
    """The name that a root file system has in the cache: its suite and a digest of what it is made of."""
    made_of = "\n".join((PREPARATION, *packages, *archive)).encode()
    return f"{suite}-{hashlib.sha256(made_of).hexdigest()[:12]}"


@operation()
def cached(suite: str, include: Sequence[str], keep: Sequence[str], archive: Sequence[str]) -> Generator[StringCommand]:
    """
    Have the root file system of a Debian release in the cache, as a bare machine has it.

    + suite: ``bookworm`` or ``trixie``
    + include: packages that the bare machine has
    + keep: packages whose files it only keeps, with all they depend on, so that each is fetched
      from the mirror once and not once a host
    + archive: addresses of the Debian archive and, if there is one, of the security archive

    **Example:**

    .. code:: python

        root_filesystem.cached(
            name="Root file system",
            suite="bookworm",
            include=["systemd-sysv"],
            keep=["nginx"],
            archive=["http://mirror.example.org/debian"],
        )
    """
    key = root_key(suite, keep, archive)
    if key in host.get_fact(RootFileSystems, directory=str(lab.CACHE)):
        host.noop(f"the root file system {key} is complete")
        return
    target = lab.CACHE / key
    sources = [f"deb {archive[0]} {suite} main", f"deb {archive[0]} {suite}-updates main"]
    sources += [f"deb {address} {suite}-security main" for address in archive[1:]]
    hook = PREPARATION.format(packages=" ".join(keep), user=lab.USER)
    yield StringCommand(
        f"""
set -eu
install -d -m 0755 {lab.CACHE}
rm -rf {target} {target}.partial
mmdebstrap --quiet --variant=minbase --skip=cleanup/apt \\
  --include={",".join(include)} \\
  --customize-hook={shlex.quote("set -eu" + hook)} \\
  {suite} {target}.partial {" ".join(shlex.quote(source) for source in sources)}
install -d {target}
mv {target}.partial {target}/root
touch {target}/complete
"""
    )
