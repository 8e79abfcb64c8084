"""
The gateway for every supported Debian, as a deploy sends it, with checksums.

    python -m workflow.bundle dist

A machine without internet deploys what lies in its own .cache/wheels: copy the archives there.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
from pathlib import Path

from deploys.controller import wheels
from deploys.settings.debian import RELEASES


def main(directory: Path) -> int:
    """Fill the directory with an archive per Debian release, and SHA256SUMS as sha256sum(1) checks them."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    lines = []
    for version, debian in RELEASES.items():
        built = wheels.bundle(debian.python, platform.machine())
        archive = Path(shutil.copy(built.archive, directory))
        lines.append(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}")
        print(f"Debian {version}: {archive}")
    (directory / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
