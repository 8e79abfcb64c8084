"""
The gateway for every supported Debian, as a deploy sends it, with checksums and a bill of materials.

    python -m deploys.bundle dist

A machine without internet deploys what lies in its own .cache/wheels: copy the archives there.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
from pathlib import Path

from deploys.controller import wheels
from deploys.controller.releases import bill as bills
from deploys.settings.debian import RELEASES


def main(directory: Path) -> int:
    """Fill the directory: an archive and a bill (CycloneDX) per Debian release, and SHA256SUMS for sha256sum(1)."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    lines = []
    for version, debian in RELEASES.items():
        built = wheels.bundle(debian.python, platform.machine())
        archive = Path(shutil.copy(built.archive, directory))
        bill = archive.with_suffix(".cdx.json")
        bill.write_text(bills.bill(archive))
        lines += [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in (archive, bill)]
        print(f"Debian {version}: {archive}")
    (directory / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
