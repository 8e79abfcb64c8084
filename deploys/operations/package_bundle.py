"""
Debian packages of a bundle, on their way to a host that has no mirror of Debian.

They go over the connection that there is: no host listens for them, and no firewall must let them through.
The host's own apt says what it needs, checks it by the index's hashes, and forgets the place afterwards.
"""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyinfra.api import StringCommand

from deploys.facts.package_bundle import DIRECTORY, OPTIONS, SOURCE
from deploys.operations.script import script

INDEX = ("Packages", "Release")
AT_ONCE = 16 * 1024 * 1024
"""Bytes of packages that are sent in one piece, unless a single one is larger."""


def known(bundle: str) -> StringCommand:
    """
    Have a host's apt know what a bundle has.

    + bundle: directory of this machine with the packages and their index
    """
    return script(
        f"mkdir -p {DIRECTORY}/lists/partial",
        f"base64 -d | gzip -d | tar -x --no-same-owner -C {DIRECTORY}",
        f"echo 'deb [trusted=yes] file:{DIRECTORY} ./' > {SOURCE}",
        f"apt-get {OPTIONS} --quiet=2 -o DPkg::Lock::Timeout=300 update",
        stdin=base64.b64encode(gzip.compress(_archive(bundle, INDEX), mtime=0)).decode(),
    )


def sent(bundle: str, names: Sequence[str]) -> Iterator[StringCommand]:
    """
    Have files of a bundle on a host, some at a time.

    + bundle: directory of this machine
    + names: of the files
    """
    piece: list[str] = []
    size = 0
    for name in names:
        size_of_one = (Path(bundle) / name).stat().st_size
        if piece and size + size_of_one > AT_ONCE:
            yield _sent(bundle, piece)
            piece, size = [], 0
        piece.append(name)
        size += size_of_one
    if piece:
        yield _sent(bundle, piece)


def _sent(bundle: str, names: Sequence[str]) -> StringCommand:
    return script(
        f"base64 -d | tar -x --no-same-owner -C {DIRECTORY}",
        stdin=base64.b64encode(_archive(bundle, names)).decode(),
    )


def _archive(bundle: str, names: Sequence[str]) -> bytes:
    """A tar archive of files, each readable by everybody: apt reads them as a user of its own."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in names:
            data = (Path(bundle) / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
