"""
Makes and proves a cluster that goes back to something, and sends it to a host.

    python3 -m tracseq_backup.restore make '{"time": "2026-11-23T14:00:00+01:00"}'
    python3 -m tracseq_backup.restore send pg1

What was made stays until it has arrived. Made again for the same goal it is there already.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from tracseq_backup import pgbackrest, plan, postgres, push, record, restored, wal
from tracseq_backup.choice import Refused
from tracseq_backup.goal import Goal, parse
from tracseq_backup.settings import Settings, load

PATIENCE = 120
"""Seconds that WAL may take into the repository."""
SAYS = "restored.json"
"""The file beside the cluster that says what it is."""


def place(settings: Settings) -> Path:
    """Where it is made."""
    return Path(settings.restore_directory) / "restored"


def archived(settings: Settings) -> None:
    """
    Have all that was written until now in the repository, where a primary answers.

    Raises:
        Refused: where it does not arrive.
    """
    try:
        primary = postgres.of_primary(settings)
        # A commit after everything: recovery ends at one that lies after its time, and not at the end of the archive.
        written = wal.position(postgres.ask(primary, "select pg_current_xact_id()", "select pg_switch_wal()"))
    except OSError as error:
        print(f"No primary answers; what is archived counts: {error}", flush=True)
        return
    end = time.time() + PATIENCE
    while time.time() < end:
        info = pgbackrest.of_newest(pgbackrest.info(settings))
        known = [one["max"] for one in info.get("archive", []) if one.get("max")]
        if known and wal.end(max(known)) >= written and not push.waiting():
            return
        time.sleep(1)
    raise Refused(
        f"What was written until now is not in the repository after {PATIENCE} s: see journalctl "
        "-u tracseq-wal-receive -u tracseq-wal-push."
    )


def made(settings: Settings, goal: Goal) -> dict[str, Any]:
    """
    Have a cluster, proved, beside what it is.

    Raises:
        Refused: where it cannot be made.
    """
    path, began = place(settings), time.time()
    says = path / SAYS
    if says.is_file() and (there := json.loads(says.read_text()))["goal"] == goal.written:
        found: dict[str, Any] = there
        return found
    plan.planned(settings, goal)
    archived(settings)
    chosen = plan.planned(settings, goal)
    shutil.rmtree(path, ignore_errors=True)
    plan.roomy(settings, chosen)
    reached = restored.make(settings, path, chosen["label"], goal, settings.slot, thorough=False)
    if reached["timeline"] <= chosen["newest_timeline"]:
        raise Refused(f"It came up on timeline {reached['timeline']}, which is in the archive already.")
    about = {
        "goal": goal.written,
        "at": time.time(),
        "seconds": time.time() - began,
        "label": chosen["label"],
        "size": chosen["size"],
        "system": chosen["system"],
        **reached,
    }
    new = path.with_suffix(".says")
    new.write_text(json.dumps(about))
    shutil.chown(new, settings.user, settings.user)
    new.rename(says)
    return about


def make(settings: Settings, goal: Goal) -> None:
    """Have it made, and its record kept."""
    try:
        with restored.turn():
            found = made(settings, goal)
    except Refused as refused:
        _failed(str(refused))
    except OSError as error:
        _failed(f"The repository cannot be read: {error}")
    else:
        kept: dict[str, Any] = {
            name: found[name] for name in ("at", "label", "size", "committed", "timeline", "seconds")
        }
        record.write("restore", {**kept, "result": "well"})


def _failed(problem: str) -> None:
    record.write("restore", {"result": "failed", "problems": [problem]})
    record.fail([problem])


def send(settings: Settings, name: str) -> None:
    """Send it to a host that waits for it."""
    hidden = [settings.repository, "/etc/pgbackrest", str(restored.CREDENTIALS / "passphrase")]
    line = pgbackrest.program("send", name, str(place(settings)), "data", SAYS)
    code, output = pgbackrest.run(pgbackrest.room(settings, line, True, [], hidden=hidden))
    if code:
        record.fail([f"What was restored did not arrive on {name}: {pgbackrest.reason(output)}"])
    shutil.rmtree(place(settings))


def main(verb: str, what: str) -> None:
    """Make, or send."""
    settings = load()
    if verb == "make":
        make(settings, parse(what))
    else:
        send(settings, what)


if __name__ == "__main__":
    main(*sys.argv[1:3])
