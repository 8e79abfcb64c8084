"""Timelines in the archive: which there are, and where each left the one before it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping

from tracseq_backup import pgbackrest, wal
from tracseq_backup.settings import Settings

IN_ARCHIVE = re.compile(r"(?:^|/)([0-9A-F]{8})\.history$")


def parse(text: str) -> dict[int, int]:
    """
    Where each earlier timeline was left, by its number.

    Args:
        text: of a history file ("WAL Internals" in Postgres' manual)
    """
    rows = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {int(row[0]): wal.position(row[1]) for row in rows}


def timelines(settings: Settings, archive: str) -> dict[int, str]:
    """
    The timelines in the archive, each with the path of its history in the repository; the first has none.

    Args:
        settings: of this host
        archive: the directory of the archive: after an upgrade of Postgres timelines begin at 1 again
    """
    listed = _asked(settings, "--recurse", "--output=json", "repo-ls", f"archive/{settings.stanza}")
    found = {
        int(match[1], 16): f"archive/{settings.stanza}/{name}"
        for name in json.loads(listed)
        if name.startswith(f"{archive}/") and (match := IN_ARCHIVE.search(name))
    }
    return {1: "", **found}


def of(settings: Settings, known: Mapping[int, str], timeline: int) -> dict[int, int]:
    """
    The history of a timeline.

    Args:
        settings: of this host
        known: of ``timelines()``
        timeline: one of them
    """
    return parse(_asked(settings, "repo-get", known[timeline])) if known[timeline] else {}


def _asked(settings: Settings, *arguments: str) -> str:
    done = subprocess.run(
        pgbackrest.command(settings, "--repo=1", *arguments), capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise OSError(pgbackrest.reason(done.stderr or done.stdout))
    return done.stdout
