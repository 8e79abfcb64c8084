"""
Sends the state that a host's services had to the host that waits for it.

    python3 -m tracseq_backup.state send redis1 '{"time": "2026-11-23T14:00:00+01:00"}'

The archive of tar goes as it was kept: it is unpacked where it belongs. Of a host whose state was never
kept an empty one goes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tracseq_backup import pgbackrest, record
from tracseq_backup.collect import CREDENTIALS
from tracseq_backup.goal import Goal, parse
from tracseq_backup.settings import Settings, load

ARCHIVE = "state.tar"


def chosen(snapshots: Sequence[dict[str, Any]], goal: Goal) -> dict[str, Any] | None:
    """The newest snapshot, or the newest that is not after the goal's time; None where there is none."""
    at = [(datetime.fromisoformat(one["time"][:19] + "+00:00").timestamp(), one) for one in snapshots]
    moment = goal.moment
    fitting = [one for one in at if moment is None or one[0] <= moment]
    return max(fitting, key=lambda one: one[0])[1] if fitting else None


def restic(settings: Settings, *arguments: str) -> list[str]:
    """A command line of restic for the repository of states."""
    where = [f"RESTIC_REPOSITORY={settings.state_repository}", f"RESTIC_PASSWORD_FILE={CREDENTIALS}/passphrase"]
    return ["env", "TZ=UTC", *where, "restic", "--no-cache", "--no-lock", *arguments]


def dump(settings: Settings, name: str, goal: Goal, path: Path) -> None:
    """Have the archive of a host in a directory."""
    line = restic(settings, "snapshots", "--json", f"--host={name}", "--tag=state")
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(pgbackrest.reason(done.stderr))
    snapshot = chosen(json.loads(done.stdout) or [], goal)
    with (path / ARCHIVE).open("wb") as archive:
        if snapshot is None:
            print(f"No state of {name} was kept: it begins without any.")
            with tarfile.open(fileobj=archive, mode="w"):
                return
        print(f"State of {name} as it was on {snapshot['time']}")
        line = restic(settings, "dump", snapshot["id"], f"/{name}.tar")
        subprocess.run(line, stdout=archive, check=True)


def send(settings: Settings, name: str, goal: str) -> None:
    """Have it read by one program, and sent by another that reaches no repository."""
    path = Path(settings.restore_directory) / "state"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
    shutil.chown(path, settings.user, settings.user)
    try:
        for line, network in (
            (pgbackrest.program("state", "dump", name, goal, str(path)), False),
            (pgbackrest.program("send", name, str(path), ARCHIVE), True),
        ):
            hidden = [settings.repository, "/etc/pgbackrest"] if network else []
            code, output = pgbackrest.run(pgbackrest.room(settings, line, network, [str(path)], hidden=hidden))
            if code:
                record.fail([f"The state of {name} was not put back: {pgbackrest.reason(output)}"])
    finally:
        shutil.rmtree(path)


def main(verb: str, name: str, goal: str, *where: str) -> None:
    """Send, or, in its room, dump."""
    os.umask(0o077)
    if verb == "dump":
        dump(load(), name, parse(goal), Path(where[0]))
    else:
        send(load(), name, goal)


if __name__ == "__main__":
    main(*sys.argv[1:])
