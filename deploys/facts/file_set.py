"""A set of files and directories, as a host has them, in one reading."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.mergeable import Mergeable


@dataclass(frozen=True)
class FileState:
    """One file or directory: what it is, whose, when it was written, and a digest of what is in it."""

    kind: str
    mode: str
    owner: str
    group: str
    modified: str
    """When its content last changed (mtime): compared, and never put in an order, since clocks step."""
    digest: str | None = None
    target: str | None = None
    """What a symbolic link points to."""


@dataclass(frozen=True)
class FileSetState:
    """The files by path, and the names in each directory that was asked for."""

    files: Mapping[str, FileState] = field(default_factory=dict)
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    applied: Mapping[str, FileState] | None = None
    """The files as they were when the set was last applied; None where the host has no stamp of it."""

    @property
    def unapplied(self) -> frozenset[str]:
        """
        The paths of the files that are not as they were when the set was last applied.

        A host without a stamp was never changed by a run: its services run with what they found.
        """
        if self.applied is None:
            return frozenset()
        paths = self.files.keys() | self.applied.keys()
        return frozenset(path for path in paths if self.files.get(path) != self.applied.get(path))


STAMPS = "/var/lib/tracseq/applied"
"""Where a host keeps, for each set of files, as what its service last applied them."""


def listing(paths: Sequence[str]) -> str:
    """
    Shell that prints what is known of files, a line each, for ``parse()`` and for the stamp of their set.

    + paths: absolute paths
    """
    if not paths:
        return "echo set"
    files = " ".join(shlex.quote(path) for path in paths)
    return (
        # A stamp of a set without files is a stamp all the same.
        "echo set\n"
        f"stat --printf 'file\\t%n\\t%F\\t%a\\t%U\\t%G\\t%.9Y\\n' -- {files} 2>/dev/null\n"
        f"sha256sum -- {files} 2>/dev/null | sed 's/^/digest\\t/'\n"
        f"find {files} -maxdepth 0 -type l -printf 'target\\t%p\\t%l\\n' 2>/dev/null"
    )


@dataclass(frozen=True)
class Files:
    """
    A set of files as it is to be read.

    + paths: absolute paths of files
    + directories: absolute paths of directories whose names are wanted too
    + key: the name of the set's stamp
    """

    paths: Sequence[str]
    directories: Sequence[str]
    key: str


def reading(sets: Sequence[Files]) -> str:
    """
    Shell that prints the state of file sets, for ``parse()``: each program is started once for all of them.

    + sets: the sets, one or more
    """
    paths = [path for one in sets for path in (*one.paths, *one.directories)]
    stamps = " ".join(dict.fromkeys(shlex.quote(f"{STAMPS}/{one.key}") for one in sets))
    directories = " ".join(dict.fromkeys(shlex.quote(path) for one in sets for path in one.directories))
    lines = [
        listing(list(dict.fromkeys(paths))),
        # With a second file it names each. A stamp that a power cut has damaged is one, too.
        f"grep -as '' /dev/null {stamps} | sed 's/^/stamp\\t/'",
    ]
    if directories:
        lines.append(f"find {directories} -mindepth 1 -maxdepth 1 -printf 'name\\t%h\\t%f\\n' 2>/dev/null")
    return "\n".join((*lines, "true"))


def parse(sets: Sequence[Files], output: Iterable[str]) -> list[FileSetState]:
    """
    What ``reading()`` printed, as the values of each set.

    + sets: as they were given to ``reading()``
    + output: the lines that its shell printed
    """
    rows = [line.split("\t") for line in output]
    files = _files(rows)
    names: dict[str, set[str]] = {}
    stamps: dict[str, list[list[str]]] = {}
    for row in rows:
        match row:
            case ["name", directory, name]:
                names.setdefault(directory, set()).add(name)
            case ["stamp", begin, *rest]:
                path, _, kind = begin.rpartition(":")
                stamps.setdefault(path, []).append([kind, *rest])
    return [
        FileSetState(
            files={path: files[path] for path in (*one.paths, *one.directories) if path in files},
            names={path: frozenset(names[path]) for path in one.directories if path in names},
            applied=_files(stamp) if (stamp := stamps.get(f"{STAMPS}/{one.key}")) else None,
        )
        for one in sets
    ]


def _files(rows: Sequence[Sequence[str]]) -> dict[str, FileState]:
    """The files by path, of rows that ``listing()`` printed."""
    digests: dict[str, str] = {}
    targets: dict[str, str] = {}
    for row in rows:
        match row:
            case ["digest", rest]:
                digest, _, path = rest.partition("  ")
                digests[path] = digest
            case ["target", path, target]:
                targets[path] = target
    return {
        row[1]: FileState(row[2], row[3], row[4], row[5], row[6], digests.get(row[1]), targets.get(row[1]))
        for row in rows
        if row[0] == "file" and len(row) == 7
    }


class FileSet(Mergeable[Files, FileSetState]):
    """
    The state of a set of files, in one execution.

    + paths: absolute paths of files
    + directories: directories whose names are wanted too
    + key: the name of the set's stamp
    """

    asked = Files

    def command(self, paths: Sequence[str], directories: Sequence[str], key: str) -> str:
        return self.alone(Files(paths, directories, key))

    @classmethod
    def merged(cls, asked: Sequence[Files]) -> str:
        return reading(asked)

    @classmethod
    def parted(cls, asked: Sequence[Files], output: list[str]) -> list[FileSetState]:
        return parse(asked, output)

    @staticmethod
    def default() -> FileSetState:
        return FileSetState()


class Contents(FactBase[dict[str, str]]):
    """
    The text of files, for showing a difference; never asked of a file that holds a secret.

    + paths: absolute paths
    """

    def command(self, paths: Sequence[str]) -> str:
        lines = [
            f"printf 'path %s\\n' {quoted}; sed 's/^/ /' -- {quoted} 2>/dev/null" for quoted in map(shlex.quote, paths)
        ]
        return "\n".join((*lines, "true"))

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
