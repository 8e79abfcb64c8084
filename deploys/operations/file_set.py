"""
A set of files that changes as one: staged, validated in place before it is in place, then moved there.

Contents travel on standard input, so that nothing of them is in the arguments of a process, in a
log, or in a file that others can read.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import PurePosixPath

from pyinfra import host, logger, state

from deploys.facts.file_set import Contents, FileSetState, FileState


@dataclass(frozen=True)
class File:
    """
    A file that a host has.

    + path: absolute path on the host
    + content: its whole text
    + owner, group: names (default root)
    + mode: permissions in octal digits (default 644)
    + secret: whether its text must never be shown
    + restart: whether the service must be restarted, not reloaded, to apply it
    + link: whether it is a symbolic link, and its content what it points to
    + kept: whether the host made it itself: it stays as it is, and when it changes the host sees to that
    """

    path: str
    content: str = field(repr=False)
    owner: str = "root"
    group: str = "root"
    mode: str = "644"
    secret: bool = False
    restart: bool = False
    link: bool = False
    kept: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of its content, hexadecimal."""
        return hashlib.sha256(self.content.encode()).hexdigest()


@dataclass(frozen=True)
class Difference:
    """What it takes to make a host's files the declared ones."""

    write: tuple[File, ...]
    remove: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def difference(
    files: Sequence[File], absent: Sequence[str], purged: Sequence[str], current: FileSetState
) -> Difference:
    """
    Compare declared files with those that a host has.

    + files: what it should have
    + absent: paths that it should not have
    + purged: directories that should hold nothing but declared files
    + current: what it has
    """
    write = [file for file in files if not _same(file, current.files.get(file.path))]
    declared = {file.path for file in files}
    remove = [path for path in absent if path in current.files]
    for directory in purged:
        remove += [
            path for name in sorted(current.names.get(directory, ())) if (path := f"{directory}/{name}") not in declared
        ]
    return Difference(tuple(write), tuple(remove))


def unapplied(files: Sequence[File], current: FileSetState) -> frozenset[str]:
    """
    The paths of what nothing has applied yet.

    What the host made itself, and links to, it has applied itself. What lies in such a place and is no link a run has
    put there, which may have died before it was applied.

    + files: what the host should have
    + current: what it has
    """
    own = {file.path for file in files if file.kept and (found := current.files.get(file.path)) and found.target}
    return current.unapplied - own


def _same(file: File, found: FileState | None) -> bool:
    if file.kept:
        return True
    if found is None:
        return False
    if file.link:
        return found.kind == "symbolic link" and found.target == file.content
    kind = "regular file" if file.content else "regular empty file"
    return (found.kind, found.mode, found.owner, found.group, found.digest) == (
        kind,
        file.mode,
        file.owner,
        file.group,
        file.digest,
    )


def show(changes: Difference) -> None:
    """Print, where ``--diff`` asks for it, what changes in which file; of secrets only that they do."""
    if not state.config.DIFF:
        return
    open_paths = [file.path for file in changes.write if not file.secret]
    before = host.get_fact(Contents, paths=open_paths) if open_paths else {}
    for file in changes.write:
        logger.info(f"{host.print_prefix}{file.path}")
        if file.secret:
            logger.info(f"{host.print_prefix}  (holds secrets: its difference is not shown)")
            continue
        lines = unified_diff(
            before.get(file.path, "").splitlines(),
            file.content.splitlines(),
            "on the host",
            "new",
            lineterm="",
            n=2,
        )
        for line in lines:
            logger.info(f"{host.print_prefix}  {line}")
    for path in changes.remove:
        logger.info(f"{host.print_prefix}{path} is removed")


def archive(files: Sequence[File]) -> str:
    """A tar archive of files with their owners and modes, in base64, to be given on standard input."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        made: set[PurePosixPath] = set()
        for file in files:
            path = PurePosixPath(file.path.lstrip("/"))
            for parent in reversed(path.parents[:-1]):
                if parent not in made:
                    made.add(parent)
                    entry = tarfile.TarInfo(str(parent))
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    entry.uname = entry.gname = "root"
                    tar.addfile(entry)
            data = file.content.encode()
            entry = tarfile.TarInfo(str(path))
            entry.uname, entry.gname = file.owner, file.group
            if file.link:
                entry.type, entry.linkname = tarfile.SYMTYPE, file.content
            else:
                entry.size, entry.mode = len(data), int(file.mode, 8)
            tar.addfile(entry, None if file.link else io.BytesIO(data))
    return base64.b64encode(buffer.getvalue()).decode()
