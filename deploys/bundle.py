"""
One file from which a site without internet deploys: the commit that is checked out, and all that it needs.

    python -m deploys.bundle dist                        for hosts that have a mirror of Debian
    python -m deploys.bundle dist bookworm trixie        with Debian's packages, for hosts that have none

It comes to dist/ with its SHA-256, is checked and unpacked by deploys/unbundle.py, and holds the gateway for each
supported Debian with a bill of materials (CycloneDX), this machine's own Python packages, what was made of services,
and a checksum of each file. With MIRROR="…" Debian's packages come from there, and not from where this machine's apt
has them: the addresses of the archive and of the security archive.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.offline import contents, packing
from deploys.settings import mirror
from deploys.settings.debian import RELEASES


def main(directory: Path, suites: list[str]) -> int:
    """Make the bundle; 1 where it cannot be."""
    known = [release.suite for release in RELEASES.values()]
    if unknown := [suite for suite in suites if suite not in known]:
        print(f"DEBS: {', '.join(unknown)} is no Debian that is supported; there are {' and '.join(known)}.")
        return 1
    try:
        version = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]
        archive = directory / f"tracseq-{version}-{contents.commit()}.tar"
        directory.mkdir(parents=True, exist_ok=True)
        digest = packing.pack(contents.contents(suites, mirror.addresses()), archive)
    except PyinfraError as error:
        print(f"No bundle was made. {error}")
        return 1
    archive.with_name(f"{archive.name}.sha256").write_text(f"{digest}  {archive.name}\n")
    print(f"--> {archive} has {archive.stat().st_size >> 20} MB, and the SHA-256 {digest}.")
    print(f"    On the machine that deploys, in its clone: make unbundle FILE={archive.name} SHA256={digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
