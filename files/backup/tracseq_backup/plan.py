"""
What a restore would begin with and need, without doing anything.

    python3 -m tracseq_backup.plan '{"time": "2026-11-23T14:00:00+01:00"}'

It prints one line of JSON: the backup, or in ``problem`` why there can be no restore.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from tracseq_backup import choice, history, pgbackrest, point, postgres, record
from tracseq_backup.choice import Refused
from tracseq_backup.goal import Goal, parse, said
from tracseq_backup.settings import Settings, load

SPARE = 512 * 1024**2
"""Bytes for WAL, beside the cluster itself."""


def archived_until(settings: Settings) -> float:
    """Up to when all that was written is in the archive, or will be in a moment because a primary answers."""
    try:
        postgres.ask(postgres.of_primary(settings), "select 1")
    except OSError:
        return float(record.read("wal").get("until", 0.0))
    return time.time()


def planned(settings: Settings, goal: Goal) -> dict[str, Any]:
    """
    What a restore begins with.

    Raises:
        Refused: where it cannot be made.
    """
    try:
        everything = pgbackrest.info(settings, 1)
        for one in everything.get("repo", []):
            if one["status"]["code"] == pgbackrest.UNREADABLE:
                # What follows the first line is what it could not decrypt.
                why = one["status"]["message"].splitlines()[0].rstrip(":")
                raise Refused(
                    f"The repository cannot be read: {why}. Is BACKUP_PASSPHRASE the one that it was made with?"
                )
        info = pgbackrest.of_newest(everything)
        if not info.get("backup"):
            raise Refused(f"There is no backup in {settings.repository}.{before_an_upgrade(everything)}")
        known = history.timelines(settings, pgbackrest.archive(info))
        newest = max(known)
        timeline = goal.timeline or newest
        if timeline not in known:
            raise Refused(f"The archive has no timeline {timeline}; the newest is {newest}.")
        left = history.of(settings, known, timeline)
    except OSError as error:
        raise Refused(f"The repository cannot be read: {error}") from error
    until = archived_until(settings)
    try:
        backup = choice.chosen(goal, info["backup"], timeline, left, until, point.known())
    except Refused as refused:
        raise Refused(f"{refused}{before_an_upgrade(everything)}") from refused
    return {
        "label": backup["label"],
        "stopped": backup["timestamp"]["stop"],
        "size": backup["info"]["size"],
        "timeline": timeline,
        "newest_timeline": newest,
        "system": str(info["db"][-1]["system-id"]),
        "until": until,
        "free": shutil.disk_usage(settings.restore_directory).free,
    }


def before_an_upgrade(info: dict[str, Any]) -> str:
    """Where to look further; nothing where all that is kept is of the Postgres that the site has."""
    earlier = {one["id"]: one["version"] for one in info.get("db", [])[:-1]}
    versions = sorted({earlier[one["database"]["id"]] for one in info["backup"] if one["database"]["id"] in earlier})
    if not versions:
        return ""
    return f" What is kept of Postgres {' and '.join(versions)} is restored by hand: docs/operations/another-debian.md."


def roomy(settings: Settings, plan: dict[str, Any]) -> None:
    """
    Go on only where the restored cluster has room here.

    Raises:
        Refused: with the figures.
    """
    needed, free = plan["size"] + SPARE, shutil.disk_usage(settings.restore_directory).free
    if needed > free:
        raise Refused(
            f"{settings.restore_directory} has {free / 1024**2:.0f} MB free, and the cluster of "
            f"{said(plan['stopped'])} needs {needed / 1024**2:.0f} MB there. Make room, or have "
            "backup_restore_directory elsewhere."
        )


def main(text: str) -> None:
    """Print what would be done."""
    settings, goal = load(), parse(text)
    try:
        plan = planned(settings, goal)
        if not (Path(settings.restore_directory) / "restored").exists():
            roomy(settings, plan)
    except Refused as refused:
        plan = {"problem": str(refused)}
    print(json.dumps(plan))


if __name__ == "__main__":
    main(sys.argv[1])
