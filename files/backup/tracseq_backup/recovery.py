"""
Recovers a cluster whose backup was put into a directory, up to its goal, on a timeline of its own.

    python3 -m tracseq_backup.recovery DIRECTORY '{"time": "…"}'

It runs in a room without a network, in which the repository cannot be written to. Nobody connects to
the server, autovacuum neither, and what ALTER SYSTEM had set does not count: no code of the data's own
runs here, beside the passphrase. That it has recovered is read in its log and in its control file.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tracseq_backup import pgbackrest, server
from tracseq_backup.goal import Goal, parse
from tracseq_backup.push import CONFIGURATION
from tracseq_backup.server import Directory
from tracseq_backup.settings import Settings, load

COMMITTED = re.compile(r"last completed transaction was at log time (.*)$", re.MULTILINE)
TOO_SHORT = "recovery ended before configured recovery target was reached"


def targets(settings: Settings, directory: Directory, goal: Goal) -> dict[str, str]:
    """The settings with which a server recovers up to a goal."""
    fetch = pgbackrest.command(
        settings, f"--config={CONFIGURATION}", f"--pg1-path={directory.data}", f"--lock-path={directory.path}/lock"
    )
    found = {
        "restore_command": " ".join([*fetch, "archive-get", "%f", "%p"]),
        "recovery_target_timeline": str(goal.timeline or "latest"),
        "recovery_target_action": "promote",
        "hot_standby": "off",
        "autovacuum": "off",
        # The slot of whoever receives it is made later.
        "wal_keep_size": "1GB",
    }
    if goal.time:
        found["recovery_target_time"] = goal.time
    if goal.point:
        found["recovery_target_name"] = goal.point
    return found


def main(path: str, goal: str) -> None:
    """Recover, and keep what was reached."""
    settings, directory = load(), Directory(Path(path))
    own = directory.data / "postgresql.auto.conf"
    own.rename(directory.altered)
    own.touch(mode=0o600)
    (directory.data / "recovery.signal").touch(mode=0o600)
    try:
        server.recovered(settings, directory, targets(settings, directory, parse(goal)))
    except OSError as error:
        print(directory.log.read_text(errors="replace"))
        last = COMMITTED.search(directory.log.read_text(errors="replace"))
        if TOO_SHORT in str(error):
            error = OSError(
                "The archive ends before what it was to go back to; its last transaction was committed at "
                f"{last[1] if last else 'an unknown time'}."
            )
        (directory.path / "problem").write_text(str(error))
        sys.exit(1)
    log = directory.log.read_text(errors="replace")
    print(log)
    committed, found = COMMITTED.search(log), server.control(settings, directory)
    reached = {
        "timeline": int(found["Latest checkpoint's TimeLineID"]),
        "position": found["Latest checkpoint's REDO location"],
        "committed": committed[1] if committed else None,
    }
    (directory.path / "reached.json").write_text(json.dumps(reached))


if __name__ == "__main__":
    main(*sys.argv[1:3])
