"""
A tree of files in memory: what archives and layers say is applied to it, and never to a file system.

Paths of an archive are looked up in the tree, symbolic links within it, with its own root as the end of every ``..``.
So no name and no link of an archive reaches anything but the tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyinfra.api.exceptions import PyinfraError

LONGEST_NAME, LONGEST_PATH = 255, 4096
"""Bytes that a name and a path may have (Linux' NAME_MAX and PATH_MAX)."""
MOST_LINKS = 40
"""Symbolic links that one path may lead through, as in Linux."""


class ArchiveError(PyinfraError):
    """An archive is not what it should be."""


@dataclass
class File:
    """A file: where its content lies on this machine until the tree is written, and whether it is a program."""

    content: Path
    size: int
    executable: bool = False


@dataclass
class Link:
    """A symbolic link."""

    target: str


@dataclass
class Directory:
    """A directory and what is in it."""

    entries: dict[str, Node] = field(default_factory=dict)


Node = File | Link | Directory


def parts(path: str) -> tuple[str, ...]:
    """
    The names of a path of an archive.

    Raises:
        ArchiveError: where it is absolute, goes up, or is longer than a file system takes.
    """
    names = tuple(name for name in path.split("/") if name not in ("", "."))
    if path.startswith("/"):
        raise ArchiveError(f"{path!r} is an absolute path")
    if ".." in names:
        raise ArchiveError(f"{path!r} leads out of its directory")
    size = len(path.encode(errors="surrogateescape"))
    if size > LONGEST_PATH or any(len(name.encode(errors="surrogateescape")) > LONGEST_NAME for name in names):
        raise ArchiveError(f"{path[:80]!r}… is longer than a path can be")
    return names


class Tree:
    """A tree of files."""

    def __init__(self) -> None:
        self.root = Directory()

    def directory(self, names: Sequence[str], make: bool = True, inside: bool = False) -> Directory | None:
        """
        The directory at a path, whatever symbolic links of the tree lead there.

        Args:
            names: of the path
            make: whether it is made where it is missing, also in place of a file; else None is returned
            inside: whether a link that goes up beyond the root is an error; else it ends there, as with chroot(2)

        Raises:
            ArchiveError: where links lead in a circle.
        """
        walked = [self.root]
        left, links = list(reversed(names)), 0
        while left:
            name = left.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if inside and len(walked) == 1:
                    raise ArchiveError(f"{'/'.join(names)!r} is a symbolic link that leads out of it")
                walked = walked[:-1] or [self.root]
                continue
            found = walked[-1].entries.get(name)
            if isinstance(found, Link):
                links += 1
                if links > MOST_LINKS:
                    raise ArchiveError(f"{'/'.join(names)!r} leads through more than {MOST_LINKS} symbolic links")
                if found.target.startswith("/"):
                    walked = [self.root]
                left += reversed(found.target.split("/"))
                continue
            if not isinstance(found, Directory):
                if not make:
                    return None
                found = walked[-1].entries[name] = Directory()
            walked.append(found)
        return walked[-1]

    def find(self, names: Sequence[str]) -> Node | None:
        """What is at a path; a symbolic link there is not followed."""
        if not names:
            return self.root
        parent = self.directory(names[:-1], make=False)
        return parent.entries.get(names[-1]) if parent else None

    def put(self, names: Sequence[str], node: Node) -> None:
        """Have something at a path: a directory keeps what is in it, all else takes the place of what was there."""
        if not names:
            if not isinstance(node, Directory):
                raise ArchiveError("its root is no directory")
            return
        entries = self._parent(names).entries
        if not (isinstance(node, Directory) and isinstance(entries.get(names[-1]), Directory)):
            entries[names[-1]] = node

    def remove(self, names: Sequence[str]) -> None:
        """Have nothing at a path."""
        if parent := self.directory(names[:-1], make=False):
            parent.entries.pop(names[-1], None)

    def walk(self) -> Iterator[tuple[str, Node]]:
        """All that is in the tree by path, in one order whichever it came in: directories before what is in them."""
        stack: list[tuple[str, Node]] = [("", self.root)]
        while stack:
            path, node = stack.pop()
            if path:
                yield path, node
            if isinstance(node, Directory):
                below = sorted(node.entries.items(), reverse=True)
                stack += [(f"{path}/{name}" if path else name, one) for name, one in below]

    def _parent(self, names: Sequence[str]) -> Directory:
        found = self.directory(names[:-1])
        assert found is not None
        return found
