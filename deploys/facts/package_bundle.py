"""What a host must be sent of a bundle's Debian packages, as its own apt works it out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import unquote

from pyinfra.api import FactBase

DIRECTORY = "/var/lib/tracseq/packages"
"""Where packages of a bundle lie on a host while they are installed: a repository that nothing else there knows of."""
SOURCE = f"{DIRECTORY}/sources.list"
OPTIONS = (
    f"-o Dir::Etc::SourceList={SOURCE} -o Dir::Etc::SourceParts=- -o Dir::State::Lists={DIRECTORY}/lists "
    # The host's own cache of its own lists stays as it is.
    "-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none"
)
"""With these apt-get knows that repository, and no other."""


class Needed(FactBase[tuple[str, ...]]):
    """
    The files of the repository that apt would install, without those that are there already.

    + packages: names of Debian packages
    """

    def command(self, packages: Sequence[str]) -> str:
        names = " ".join(shlex.quote(name) for name in packages)
        return f"""
cd {DIRECTORY} 2>/dev/null || exit 0
apt-get {OPTIONS} --yes --quiet=2 --no-install-recommends --print-uris install {names} 2>/dev/null | grep "^'file:"
stat --printf 'here %s %n\\n' *.deb 2>/dev/null
true
"""

    @staticmethod
    def default() -> tuple[str, ...]:
        return ()

    def process(self, output: list[str]) -> tuple[str, ...]:
        here, needed = set(), {}
        for line in output:
            if line.startswith("here "):
                _, size, name = line.split(" ", 2)
                here.add((name, size))
            else:
                # As apt writes it: 'file:/…/nginx_1.22.1-9%2bdeb12u1_amd64.deb' nginx_1.22.1-9+deb12u1_amd64.deb 527536
                address, _, size, *_ = line.split(" ")
                needed[unquote(address.strip("'").rpartition("/")[2])] = size
        return tuple(name for name, size in needed.items() if (name, size) not in here)
