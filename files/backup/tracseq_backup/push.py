"""
Hands each finished WAL segment to the repository, in order, and then forgets it.

It has no network, and only it may write WAL into the repository. pgBackRest refuses a segment that
is there already with other contents.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from tracseq_backup import pgbackrest, record, wal
from tracseq_backup.settings import Settings, load

WAL = Path("/var/lib/tracseq-backup/wal")
CONFIGURATION = "/etc/pgbackrest/push.conf"
PAUSE = 1.0
"""Seconds between two looks at the directory."""


def waiting(directory: Path = WAL) -> list[Path]:
    """The finished files, in the order in which the repository must have them."""
    return sorted(path for path in directory.iterdir() if wal.FINISHED.fullmatch(path.name))


def push(settings: Settings, path: Path) -> None:
    """Have one file in the repository, and here no more."""
    done = subprocess.run(
        pgbackrest.command(settings, f"--config={CONFIGURATION}", "archive-push", str(path)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        left = len(waiting(path.parent))
        why = pgbackrest.reason(done.stdout + done.stderr)
        free = shutil.disk_usage(settings.repository).free // 1024**2
        record.fail(
            [f"{path.name} is not in the repository, and {left} files wait (its disk has {free} MB free): {why}"]
        )
    path.unlink()


def main() -> None:
    """Push what is finished, for ever; end where the repository refuses one, and be started anew."""
    settings = load()
    while True:
        for path in waiting():
            push(settings, path)
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
