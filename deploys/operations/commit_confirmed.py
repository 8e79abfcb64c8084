"""
A change that could shut its own door: tried without touching the disk, kept by a new login.

The change is staged below /run and put in force from there. Before that, the host arms a timer of
its own that puts the old state back. Only a new login from the controller stops the timer and puts
the files where they belong. So whatever happens in between (nobody gets in, the controller dies,
the host is rebooted) ends with the old state, by itself.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence

from pyinfra.api import StringCommand

from deploys.engine.new_login import NewLogin
from deploys.operations import file_set, staging
from deploys.operations.file_set import Difference

MARGIN = 10
"""Seconds that the keeping command may still take, after the controller's timeout."""


def directory(key: str) -> str:
    """Where a host keeps what it tries; it is there as long as an attempt is under way, or died."""
    return f"/run/tracseq/commit-confirmed-{key}"


def change(
    key: str,
    changes: Difference,
    validate: str,
    attempt: Sequence[str],
    undo: Sequence[str],
    keep: Sequence[str],
    timeout: float,
    prepare: Sequence[str] = (),
) -> Iterator[StringCommand]:
    """
    Try a change, and keep it only over a new login.

    All shell lines find the staged files below ``$stage/new``; what they leave in ``$stage`` is
    gone after the attempt.

    + key: what is tried: the name of the attempt, of its timer and of its lock
    + changes: the files that change
    + validate: command that refuses a bad set; it sees the files where they will be
    + prepare: lines that note what ``undo`` needs
    + attempt: lines that put the staged files in force
    + undo: lines that put in force again what was before; they must work at any point of the attempt
    + keep: lines that put what is then on disk in force, now and at boot
    + timeout: seconds that the new login may take
    """
    content = file_set.archive(changes.write)
    candidate = hashlib.sha256("\n".join((content, *changes.remove)).encode()).hexdigest()[:16]
    locked = [
        "set -eu",
        "umask 022",
        "mkdir -p /run/tracseq",
        "chmod 755 /run/tracseq",
        f"exec 9>/run/tracseq/{key}.lock",
        "flock 9",
        f"stage={directory(key)}",
    ]
    undone = '[ ! -e "$stage/undo" ] || sh "$stage/undo"'
    within = math.ceil(timeout) + MARGIN
    started = [
        *locked,
        # Of a run that died within its attempt; its end is not waited for.
        undone,
        'rm -rf "$stage"',
        'mkdir -m 700 "$stage" "$stage/new"',
        "trap 'rm -rf \"$stage\"' EXIT",
        'base64 -d | tar -x --same-owner --same-permissions -C "$stage/new"',
        *staging.validated(changes, validate),
        *prepare,
        "cat > \"$stage/undo\" <<'UNDO'",
        f"stage={directory(key)}",
        'timer=$(cat "$stage/timer").timer',
        *undo,
        'rm -rf "$stage"',
        'systemctl stop "$timer" || true',
        "UNDO",
        f'echo {candidate} > "$stage/candidate"',
        # A name of its own, because systemd may still know the timer of an earlier attempt.
        f"timer=tracseq-{key}-undo-$(cut -c1-8 /proc/sys/kernel/random/uuid)",
        'echo "$timer" > "$stage/timer"',
        # Again and again until the undoing has come to its end and stops the timer. Words only:
        # when systemd reloads it reads its own line anew, and not every version can.
        f"systemd-run --quiet --collect --unit=$timer --on-active={within}s --on-unit-inactive=5s"
        " --timer-property=AccuracySec=100ms"
        f" flock /run/tracseq/{key}.lock sh {directory(key)}/undo",
        "trap '[ $? -eq 0 ] || sh \"$stage/undo\" >&2' EXIT",
        *attempt,
    ]
    kept = [
        *locked,
        f'if [ "$(cat "$stage/candidate" 2>/dev/null)" != {candidate} ]; then',
        f'  echo "The new login came too late: the host has undone the change of {key}." >&2',
        "  exit 1",
        "fi",
        *staging.in_place(changes),
        *keep,
        'systemctl stop "$(cat "$stage/timer").timer"',
        'rm -rf "$stage"',
    ]
    yield StringCommand(*started, _separator="\n", _stdin=content)
    yield NewLogin(
        "\n".join(kept),
        timeout,
        f"The host puts the old state of {key} back by itself, within {within} s of the change. "
        "On its disk nothing has changed.",
    )
