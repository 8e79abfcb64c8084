"""A directory as one file, with a checksum of each file in it; the same of the same."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from deploys.controller.offline.places import SUMS


def pack(files: Iterable[tuple[str, Path]], archive: Path) -> str:
    """
    Make the file, and say its own SHA-256, hexadecimal.

    Args:
        files: the name of each in the archive, and where it is
        archive: path of the archive
    """
    given = sorted(files)
    sums = "".join(f"{_digest(path)}  {name}\n" for name, path in given).encode()
    partial = archive.with_suffix(".partial")
    with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(_entry(SUMS, len(sums)), io.BytesIO(sums))
        for name, path in given:
            with path.open("rb") as file:
                tar.addfile(_entry(name, path.stat().st_size), file)
    partial.rename(archive)
    return _digest(archive)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
