"""A set of files and directories, as a host has them, in one reading."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pyinfra.api import FactBase


@dataclass(frozen=True)
class FileState:
    """One file or directory: what it is, whose, since when, and a digest of what is in it."""

    kind: str
    mode: str
    owner: str
    group: str
    changed: float
    """When its content, name, mode or owner last changed (ctime), seconds since the epoch."""
    digest: str | None = None
    target: str | None = None
    """What a symbolic link points to."""


@dataclass(frozen=True)
class FileSetState:
    """The files by path, and the names in each directory that was asked for."""

    files: Mapping[str, FileState] = field(default_factory=dict)
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    taken_up: float = 0.0
    """When the host last took up the set: its stamp, or the boot; seconds since the epoch."""

    @property
    def newest(self) -> float:
        """When the set last changed on disk, seconds since the epoch."""
        return max((state.changed for state in self.files.values()), default=0.0)


STAMPS = "/run/tracseq/taken-up"
"""Where a host keeps, until it is rebooted, since when each of its services runs with what is on disk."""


def reading(paths: Sequence[str], directories: Sequence[str], key: str) -> str:
    """
    Shell that prints the state of a file set, for ``parse()``.

    + paths: absolute paths of files
    + directories: absolute paths of directories whose names are wanted
    + key: the name of the set's stamp
    """
    everything = " ".join(shlex.quote(path) for path in (*paths, *directories))
    listed = " ".join(shlex.quote(path) for path in directories)
    stamp = shlex.quote(f"{STAMPS}/{key}")
    lines = [
        f"stat --printf 'stamp\\t%.9Y\\n' {stamp} 2>/dev/null",
        "systemctl show --timestamp=us+utc --property=UserspaceTimestamp 2>/dev/null",
    ]
    if everything:
        lines.append(f"stat --printf 'file\\t%n\\t%F\\t%a\\t%U\\t%G\\t%.9Z\\n' -- {everything} 2>/dev/null")
    if paths:
        files = " ".join(shlex.quote(path) for path in paths)
        lines.append(f"sha256sum -- {files} 2>/dev/null | sed 's/^/digest\\t/'")
        lines.append(f"find {files} -maxdepth 0 -type l -printf 'target\\t%p\\t%l\\n' 2>/dev/null")
    if directories:
        lines.append(f"find {listed} -mindepth 1 -maxdepth 1 -printf 'name\\t%h\\t%f\\n' 2>/dev/null")
    return "\n".join((*lines, "true"))


def parse(output: Iterable[str]) -> FileSetState:
    """What ``reading()`` printed, as values."""
    files: dict[str, FileState] = {}
    digests: dict[str, str] = {}
    targets: dict[str, str] = {}
    names: dict[str, set[str]] = {}
    taken_up = 0.0
    for line in output:
        match line.split("\t"):
            case ["stamp", time]:
                taken_up = max(taken_up, float(time))
            case ["file", path, kind, mode, owner, group, changed]:
                files[path] = FileState(kind, mode, owner, group, float(changed))
            case ["digest", rest]:
                digest, _, path = rest.partition("  ")
                digests[path] = digest
            case ["target", path, target]:
                targets[path] = target
            case ["name", directory, name]:
                names.setdefault(directory, set()).add(name)
            case [line] if line.startswith("UserspaceTimestamp="):
                taken_up = max(taken_up, timestamp(line.partition("=")[2]))
    return FileSetState(
        files={
            path: replace(state, digest=digests.get(path), target=targets.get(path)) for path, state in files.items()
        },
        names={directory: frozenset(found) for directory, found in names.items()},
        taken_up=taken_up,
    )


def timestamp(text: str) -> float:
    """A time as systemd prints it with ``--timestamp=us+utc``, in seconds since the epoch; else 0."""
    try:
        moment = datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S.%f UTC")
    except ValueError:
        return 0.0
    return moment.replace(tzinfo=UTC).timestamp()


class FileSet(FactBase[FileSetState]):
    """
    The state of a set of files, in one execution.

    + paths: absolute paths of files
    + directories: directories whose names are wanted too
    + key: the name of the set's stamp
    """

    def command(self, paths: Sequence[str], directories: Sequence[str], key: str) -> str:
        return reading(paths, directories, key)

    @staticmethod
    def default() -> FileSetState:
        return FileSetState()

    def process(self, output: list[str]) -> FileSetState:
        return parse(output)


class Contents(FactBase[dict[str, str]]):
    """
    The text of files, for showing a difference; never asked of a file that holds a secret.

    + paths: absolute paths
    """

    def command(self, paths: Sequence[str]) -> str:
        return (
            "\n".join(f"echo 'path {path}'; sed 's/^/ /' -- {shlex.quote(path)} 2>/dev/null" for path in paths)
            + "\ntrue"
        )

    @staticmethod
    def default() -> dict[str, str]:
        return {}

    def process(self, output: list[str]) -> dict[str, str]:
        texts: dict[str, list[str]] = {}
        lines: list[str] = []
        for line in output:
            if line.startswith("path "):
                lines = texts.setdefault(line.removeprefix("path "), [])
            else:
                lines.append(line[1:] + "\n")
        return {path: "".join(text) for path, text in texts.items()}
