"""The shell that has a set of files change as one: staged, validated in place before it is in place, moved there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from deploys.facts.file_set import STAMPS, listing
from deploys.operations.file_set import Difference


@dataclass(frozen=True)
class Stamp:
    """
    What a host keeps of a set of files, as its service last applied them.

    + key: its name
    + paths: the files and directories that were read with it
    """

    key: str
    paths: Sequence[str]

    @property
    def _file(self) -> str:
        return shlex.quote(f"{STAMPS}/{self.key}")

    def before(self) -> list[str]:
        """Shell: where there is no stamp yet, note the files as they are before they change."""
        return [f"mkdir -p {STAMPS}", f"[ -e {self._file} ] || ( {listing(self.paths)} ) > {self._file} || true"]

    def applied(self, command: str) -> list[str]:
        """
        Shell: have what is on disk applied, and note it.

        The files are noted as they are before the command, so that one that changes meanwhile
        counts as not applied.

        + command: applies the files
        """
        return [
            f"mkdir -p {STAMPS}",
            f"( {listing(self.paths)} ) > {self._file}.new || true",
            command,
            f"mv -f {self._file}.new {self._file}",
        ]


def staged() -> list[str]:
    """Shell: unpack the archive on standard input into ``$stage``, which only root can enter."""
    return [
        "umask 022",
        "stage=$(mktemp -d /run/tracseq/stage.XXXXXX)",
        "trap 'rm -rf \"$stage\"' EXIT",
        'mkdir "$stage/new"',
        'base64 -d | tar -x --same-owner --same-permissions -C "$stage/new"',
    ]


def seen_in_place(changes: Difference, command: str) -> str:
    """
    Shell: a command that sees the staged files where they will be, before they are there.

    In a mount namespace of its own the staged tree lies over the real one, so that the command
    reads every path as if the files were in place. Nothing else that runs sees it.

    + changes: what is staged, and what will be gone
    + command: the command line
    """
    trees = sorted({file.path.split("/")[1] for file in changes.write})
    inside = ["set -eu"]
    inside += [f'mount -t overlay tracseq -o "lowerdir=$stage/new/{tree}:/{tree}" /{tree}' for tree in trees]
    inside += [f"[ ! -f {shlex.quote(path)} ] || mount --bind /dev/null {shlex.quote(path)}" for path in changes.remove]
    inside.append(f"{command} || exit 1")
    script = shlex.quote("\n".join(inside))
    return f'stage="$stage" unshare --mount --propagation private sh -c {script}'


def validated(changes: Difference, command: str) -> list[str]:
    """
    Shell: run a validator that sees the staged files where they will be, before they are there.

    + changes: what is staged, and what will be gone
    + command: the validator's command line
    """
    return [
        f'if ! {seen_in_place(changes, command)} >"$stage/said" 2>&1; then',
        '  cat "$stage/said" >&2',
        f"  echo {shlex.quote('Refused by: ' + command + '. Nothing was changed.')} >&2",
        "  exit 1",
        "fi",
    ]


def seen(changes: Difference, validate: str | None) -> list[str]:
    """
    Shell: have a set validated that is put in place later.

    + changes: what will be written and removed
    + validate: command that refuses a bad set; None: none does
    """
    return [*staged(), *validated(changes, validate)] if validate else []


def replaced(changes: Difference, validate: str | None, stamp: Stamp | None = None, kept: bool = False) -> list[str]:
    """
    Shell: stage the set, have it validated, and put it in place; nothing where nothing changes.

    + changes: what is written and removed
    + validate: command that refuses a bad set; it sees the files where they will be
    + stamp: that of the set, where something applies it
    + kept: whether what was there before is kept, for ``or_put_back()``
    """
    if not changes:
        return []
    return [
        *staged(),
        *(validated(changes, validate) if validate else ()),
        *(_before(changes) if kept else ()),
        *(stamp.before() if stamp else ()),
        *in_place(changes),
    ]


def _before(changes: Difference) -> list[str]:
    """Shell: keep what the set replaces beside it, in ``$stage/old``."""
    return [
        'mkdir "$stage/old"',
        f"for path in {_paths(changes)}; do",
        '  if [ -e "$path" ] || [ -L "$path" ]; then',
        '    mkdir -p "$stage/old$(dirname "$path")"',
        '    cp -a "$path" "$stage/old$path"',
        "  fi",
        "done",
    ]


def or_put_back(changes: Difference, steps: list[str], again: list[str]) -> list[str]:
    """
    Shell: steps that need the new set, and the old set back in place where they fail.

    + changes: what was replaced, with ``kept=True``
    + steps: they end with ``exit 1`` where they fail, having said why
    + again: has the old set applied, and says how that went
    """
    return ["if ! (", *steps, "); then", *put_back(changes), *again, "  exit 1", "fi"]


def put_back(changes: Difference, old: str = "$stage/old") -> list[str]:
    """
    Shell: have what a set replaced back in place; ``$kept_out`` says where one file could not be.

    + changes: what was replaced
    + old: the directory in which it was kept
    """
    return [
        f"for path in {_paths(changes)}; do",
        f'  if [ -e "{old}$path" ] || [ -L "{old}$path" ]; then',
        f'    {{ cp -a "{old}$path" "$path.tracseq-new" && mv -fT "$path.tracseq-new" "$path"; }} ||',
        '      { echo "$path could not be put back." >&2; kept_out=yes; }',
        "  else",
        '    rm -f "$path"',
        "  fi",
        "done",
    ]


def _paths(changes: Difference) -> str:
    return " ".join(shlex.quote(path) for path in (*(file.path for file in changes.write), *changes.remove))


def in_place(changes: Difference) -> list[str]:
    """Shell: move the staged files to where they belong, each at once, and remove what must go."""
    lines = []
    for file in changes.write:
        path = shlex.quote(file.path)
        lines += [
            f"mkdir -p {shlex.quote(str(PurePosixPath(file.path).parent))}",
            f'cp -a "$stage/new"{path} {path}.tracseq-new',
            f"mv -fT {path}.tracseq-new {path}",
        ]
    if changes.remove:
        lines.append(f"rm -rf -- {' '.join(shlex.quote(path) for path in changes.remove)}")
    return lines
