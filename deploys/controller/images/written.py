"""A tree as an archive that is the same, byte by byte, whenever and wherever it is made of the same."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path
from typing import IO, cast

from deploys.controller.images.tree import Directory, File, Link, Tree


class _Digested(io.RawIOBase):
    """A file that is written to another one, and its digest taken on the way."""

    def __init__(self, target: IO[bytes]) -> None:
        self.target = target
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        content = bytes(cast(bytes, data))
        self.digest.update(content)
        return self.target.write(content)


def write(tree: Tree, archive: Path) -> str:
    """
    Write a tree as a compressed tar archive: all of it root's, everybody may read it, nobody but root change it.

    Args:
        tree: the tree
        archive: path of the file that is written

    Returns:
        The SHA-256 of the archive before it is compressed, hexadecimal.
    """
    with archive.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as compressed:
        digested = _Digested(cast(IO[bytes], compressed))
        with tarfile.open(fileobj=cast(IO[bytes], digested), mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for path, node in tree.walk():
                entry = tarfile.TarInfo(path)
                entry.uname = entry.gname = "root"
                if isinstance(node, File):
                    entry.size, entry.mode = node.size, 0o755 if node.executable else 0o644
                    with node.content.open("rb") as content:
                        tar.addfile(entry, content)
                    continue
                entry.type = tarfile.DIRTYPE if isinstance(node, Directory) else tarfile.SYMTYPE
                entry.mode = 0o755 if isinstance(node, Directory) else 0o777
                if isinstance(node, Link):
                    entry.linkname = node.target
                tar.addfile(entry)
    return digested.digest.hexdigest()
