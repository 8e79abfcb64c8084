"""Where this machine keeps what comes out of a bundle, and what a run finds there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from deploys.settings.debian import RELEASES
from deploys.settings.host import SiteHost

CACHE = Path(".cache")
SUMS, REPOSITORY, SELF = "SHA256SUMS", "repository.bundle", "unbundle.py"
"""Names in a bundle, as deploys/unbundle.py has them, which knows no module but its own."""
WHEELS, OWN_WHEELS, PACKAGES = "wheels", "controller", "packages"
"""Below it, and so in a bundle: the gateway's releases; what this machine's own programs need; Debian's packages."""
GOES_ALONG = ("services",)
"""What a deploy has made here, and needs the internet for: it goes into a bundle. Each is a directory of the cache."""
INDEX = "Packages"


def packages_of(host: SiteHost, version: str) -> str | None:
    """
    The directory that a host has Debian's packages from; None where it has a mirror.

    Args:
        host: the host
        version: of its Debian
    """
    if host.own.packages_from == "mirror" or version not in RELEASES:
        return None
    return str(CACHE / PACKAGES / RELEASES[version].suite)


@cache
def names(directory: str) -> frozenset[str]:
    """The names of the packages that a directory has, by its index; none where nothing was unpacked there."""
    index = Path(directory) / INDEX
    if not index.is_file():
        return frozenset()
    lines = index.read_text().splitlines()
    return frozenset(line.removeprefix("Package: ") for line in lines if line.startswith("Package: "))
