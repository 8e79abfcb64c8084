"""One tar archive, applied to a tree: of an image's layer its whiteouts first, which concern what was there before."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploys.controller.images.tree import LONGEST_PATH, ArchiveError, Directory, File, Link, Node, Tree, parts

MOST_ENTRIES, MOST_BYTES = 500_000, 16 * 1024**3
"""What all archives of one tree may bring: beyond it somebody means to fill this machine."""
WHITEOUT, OPAQUE, OF_AUFS = ".wh.", ".wh..wh..opq", ".wh..wh."
"""How names begin that take something away (OCI image layer specification), and of what nobody needs any more."""


@dataclass
class Room:
    """Where contents lie until the tree is written, and how much may still come."""

    directory: Path
    entries: int = MOST_ENTRIES
    bytes: int = MOST_BYTES
    files: int = 0

    def take(self, size: int) -> None:
        """
        Note an entry.

        Raises:
            ArchiveError: where it is one too many.
        """
        self.entries -= 1
        self.bytes -= size
        if self.entries < 0 or self.bytes < 0:
            raise ArchiveError(f"it has more than {MOST_ENTRIES} entries, or more than {MOST_BYTES // 1024**3} GB")

    def path(self) -> Path:
        """Where the next file's content goes."""
        self.files += 1
        return self.directory / str(self.files)


def apply(tar: tarfile.TarFile, tree: Tree, room: Room, image: bool) -> None:
    """
    Apply an archive to a tree.

    Args:
        tar: the archive
        tree: what it is applied to
        room: for contents
        image: whether it is a layer of one, in which names can take away what lower layers have, and links may begin
            at the root

    Raises:
        ArchiveError: where it has what no tree may have.
    """
    try:
        found = list(_entries(tar, room))
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ArchiveError(f"it is no tar archive, or a damaged one: {error}") from error
    if image:
        for names, _, _ in found:
            _take_away(tree, names)
    for names, node, linked in found:
        if image and names and names[-1].startswith(WHITEOUT):
            continue
        if linked is not None:
            node = tree.find(linked)
            if node is None or isinstance(node, Directory):
                raise ArchiveError(f"{'/'.join(names)!r} is a hard link to {'/'.join(linked)!r}, no file of it")
        if isinstance(node, Link) and node.target.startswith("/") and not image:
            raise ArchiveError(f"{'/'.join(names)!r} is a symbolic link out of it, to {node.target!r}")
        assert node is not None
        tree.put(names, node)


def _entries(tar: tarfile.TarFile, room: Room) -> Iterator[tuple[tuple[str, ...], Node | None, tuple[str, ...] | None]]:
    """Each entry: the names of its path, what it is, or of a hard link the names of the path that it is linked to."""
    for member in tar:
        names = parts(member.name)
        room.take(max(0, member.size) if member.isreg() else 0)
        if member.isdir():
            yield names, Directory(), None
        elif member.issym():
            if not 0 < len(member.linkname.encode(errors="surrogateescape")) < LONGEST_PATH:
                raise ArchiveError(f"{member.name!r} links to nothing, or to a path longer than one can be")
            yield names, Link(member.linkname), None
        elif member.islnk():
            yield names, None, parts(member.linkname)
        elif member.isreg():
            yield names, _file(tar, member, room), None
        else:
            raise ArchiveError(f"{member.name!r} is a device, a pipe or something else that no service brings")


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo, room: Room) -> File:
    source, target = tar.extractfile(member), room.path()
    assert source is not None
    with source, target.open("wb") as written:
        shutil.copyfileobj(source, written, 1024 * 1024)
    if target.stat().st_size != member.size:
        raise ArchiveError(f"{member.name!r} ends before its size")
    # Whose it is and what it may beside being run is lost: all of a tree is root's, and nothing in it setuid.
    return File(target, member.size, bool(member.mode & 0o111))


def contained(tree: Tree) -> None:
    """
    Make sure that no link of a whole tree goes up beyond its root, by whatever other links, and no whiteout is left.

    Raises:
        ArchiveError: naming one that does.
    """
    for path, node in tree.walk():
        if path.rpartition("/")[2].startswith(WHITEOUT):
            raise ArchiveError(f"{path!r} has a name that only a layer may have, for what it takes away")
        if isinstance(node, Link):
            tree.directory(path.split("/"), make=False, inside=True)


def _take_away(tree: Tree, names: tuple[str, ...]) -> None:
    if not names or not names[-1].startswith(WHITEOUT):
        return
    if names[-1] == OPAQUE:
        if directory := tree.directory(names[:-1], make=False):
            directory.entries.clear()
        return
    if names[-1].startswith(OF_AUFS):
        return
    hidden = names[-1].removeprefix(WHITEOUT)
    if hidden in ("", ".", ".."):
        raise ArchiveError(f"{'/'.join(names)!r} would take away the directory that it is in, or one above it")
    tree.remove((*names[:-1], hidden))
