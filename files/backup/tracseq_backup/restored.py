"""
A cluster made from a backup, and proved: three rooms, none of which may do what another must.

The first reads the repository and writes files, the second recovers (recovery.py), the third runs the
cluster's own code and reaches neither the repository nor its passphrase (proof.py).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

from tracseq_backup import pgbackrest
from tracseq_backup.choice import Refused
from tracseq_backup.goal import Goal
from tracseq_backup.push import CONFIGURATION, WAL
from tracseq_backup.settings import Settings

TURN = Path("/run/tracseq/restore")
"""Held while a cluster is made: one at a time has room."""
LARGEST = 16 << 20
"""Characters that are read of what a room says."""
SECRETS = ("passphrase", "client.key", "rclone.conf", "sftp_password")
CREDENTIALS = Path("/etc/tracseq/backup")


@contextmanager
def turn(waits: bool = False) -> Iterator[None]:
    """
    The turn to make a cluster.

    Args:
        waits: whether one that is being made is waited for

    Raises:
        Refused: where another is being made, and is not waited for.
    """
    with TURN.open("a") as file:
        try:
            flock(file, LOCK_EX if waits else LOCK_EX | LOCK_NB)
        except OSError:
            raise Refused(
                "Another restore, or a restore drill, is under way on this host. Run again when it has ended: "
                "ps -ef | grep tracseq_backup shows it."
            ) from None
        yield


def make(settings: Settings, path: Path, label: str, goal: Goal, slot: str, thorough: bool) -> dict[str, Any]:
    """
    Have a cluster in a directory, in place of whatever is there.

    Args:
        settings: of this host
        path: the directory
        label: of the backup
        goal: what is gone back to
        slot: for which the cluster keeps the WAL of its new timeline; empty for one that is thrown away
        thorough: whether the structure of tables and indexes is checked, too

    Raises:
        Refused: where it cannot be made, or is not as it should be.
    """
    emptied(settings, path)
    written = json.dumps(goal.written)
    fetch = pgbackrest.command(
        settings, f"--config={CONFIGURATION}", f"--pg1-path={path}/data", f"--lock-path={path}/lock",
        f"--spool-path={path}/spool", f"--set={label}",
        "--type=none", "--job-retry=0", "--log-level-console=info", "restore",
    )  # fmt: skip
    _in_room(settings, path, fetch, f"Backup {label} was not restored")
    _in_room(settings, path, pgbackrest.program("recovery", str(path), written), "It was not recovered")
    hidden = [settings.repository, "/etc/pgbackrest", str(WAL), *(str(CREDENTIALS / name) for name in SECRETS)]
    prove = pgbackrest.program("proof", str(path), slot, *(["thorough"] if thorough else []))
    _in_room(settings, path, prove, "The restored cluster is not as it should be", hidden)
    found: dict[str, Any] = {}
    for name in ("reached", "proof"):
        found |= json.loads(_left(path / f"{name}.json"))
    return found


def emptied(settings: Settings, path: Path) -> None:
    """Have an empty directory of the repository's user."""
    shutil.rmtree(path, ignore_errors=True)
    for one in (path, path / "data"):
        one.mkdir(mode=0o700)
        shutil.chown(one, settings.user, settings.user)


def _in_room(settings: Settings, path: Path, line: Sequence[str], what: str, hidden: Sequence[str] = ()) -> None:
    code, output = pgbackrest.run(pgbackrest.room(settings, line, settings.network, [str(path)], hidden=hidden))
    if code:
        problem = path / "problem"
        why = _left(problem) if problem.is_file() else pgbackrest.reason(output)
        raise Refused(f"{what}: {why}")


def _left(file: Path) -> str:
    """What a room has left in a file; code of the data's own may have left a link to what it must not read."""
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), errors="replace") as opened:
        return opened.read(LARGEST)
