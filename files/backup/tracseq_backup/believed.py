"""
Which backups bear the time at which they were made, by this host's clock.

pgBackRest writes the times that the primary's clock says, and lets go of what is older than the retention by
them. A primary that lies could have all backups taken for too old: so nothing is let go of while there is one
whose times are not those at which this host saw it made.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tracseq_backup import pgbackrest, record
from tracseq_backup.settings import Settings

FILE = Path("/var/lib/tracseq-backup/info/believed.json")
"""The labels by repository: out of reach of what makes the backups."""
TOLERANCE = 60.0
"""Seconds that the clocks of two hosts of a site may be apart; preflight allows far less."""

Backup = Mapping[str, Any]


def judged(
    known: Sequence[str] | None, found: Sequence[Backup], began: float, ended: float
) -> tuple[list[str], list[Backup]]:
    """
    The labels of the backups that are believed, and the backups that are not.

    Args:
        known: labels that were believed before; None where nobody has judged yet: then what is there is believed
        found: what a repository holds
        began, ended: when, by this host's clock, what is new in it was made
    """
    believed, others = [], []
    for backup in found:
        start, stop = (float(backup["timestamp"][part]) for part in ("start", "stop"))
        made_now = began - TOLERANCE <= start <= stop <= ended + TOLERANCE
        if known is None or backup["label"] in known or made_now:
            believed.append(str(backup["label"]))
        else:
            others.append(backup)
    return believed, others


def problems(settings: Settings, number: int, began: float) -> list[str]:
    """
    A sentence for each backup of a repository that does not bear the time at which it was made.

    Args:
        settings: of this host
        number: of the repository
        began: when the backup that was just made was begun, seconds since 1970
    """
    kept: dict[str, list[str]] = json.loads(FILE.read_text()) if FILE.exists() else {}
    found = pgbackrest.info(settings, number).get("backup", [])
    believed, others = judged(kept.get(str(number)), found, began, time.time())
    record.put(FILE, json.dumps(kept | {str(number): believed}, indent=1))
    return [_sentence(settings, number, backup) for backup in others]


def _sentence(settings: Settings, number: int, backup: Backup) -> str:
    said = " to ".join(time.strftime("%F %T UTC", time.gmtime(backup["timestamp"][part])) for part in ("start", "stop"))
    away = shlex.join(pgbackrest.command(settings, f"--repo={number}", f"--set={backup['label']}", "expire"))
    return (
        f"Backup {backup['label']} in repository {number} was not made from {said}, as the primary says: its clock is "
        "wrong, or somebody has taken it over. Nothing is let go of until that backup is gone. Look at the primary "
        f"first; then, on this host: runuser -u {settings.user} -- {away}"
    )
