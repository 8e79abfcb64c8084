"""
Reads the whole repository and says what in it is not as it was written.

``pgbackrest verify`` ends with 0 whatever it finds, and does not mind a segment that is missing between
two others; so its words are read, and the segments are counted here.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tracseq_backup import pgbackrest, record, wal
from tracseq_backup.settings import Settings, load

STATUS = re.compile(r"^status: (\w+)", re.MULTILINE)
INVALID = re.compile(r"(?:INFO|WARN|ERROR): (.*(?:invalid (?:checksum|size|result)|missing|unable|mismatch).*)")


def of_output(output: str) -> list[str]:
    """
    What the words of ``pgbackrest --output=text verify`` say is wrong; empty where nothing is.

    Args:
        output: all that it printed
    """
    found = STATUS.findall(output)
    if found and set(found) == {"ok"}:
        return []
    return [match.strip() for match in INVALID.findall(output)] or [f"pgbackrest verify: {pgbackrest.reason(output)}"]


def of_archive(info: dict[str, Any], segments: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """
    What is missing of the WAL: problems of backups, and gaps that lie before the newest full backup.

    Args:
        info: what the repository says it holds
        segments: the names of all its WAL segments, by the Postgres that wrote them: its version and number
    """
    problems, older = [], []
    for database in info.get("db", []):
        there = segments.get(f"{database['version']}-{database['id']}", [])
        backups = [one for one in info.get("backup", []) if one["database"]["id"] == database["id"]]
        problems += [
            f"Backup {backup['label']} cannot be restored: of its WAL {', '.join(lost)} is missing."
            for backup in backups
            if (lost := wal.missing(backup["archive"]["start"], backup["archive"]["stop"], there))
        ]
        full = max((backup["archive"]["start"] for backup in backups if backup["type"] == "full"), default="")
        problems += wal.gaps(segment for segment in there if segment >= full)
        older += wal.gaps(segment for segment in there if segment <= full)
    return problems, older


def segments(settings: Settings, repository: int) -> dict[str, list[str]]:
    """The names of all WAL segments in a repository, by the Postgres that wrote them."""
    line = pgbackrest.command(settings, f"--repo={repository}", "--recurse", "--output=json", "repo-ls")
    done = subprocess.run(
        [*line, f"archive/{settings.stanza}"], capture_output=True, text=True, timeout=3600, check=False
    )
    if done.returncode:
        raise OSError(pgbackrest.reason(done.stderr or done.stdout))
    found: dict[str, list[str]] = {}
    for name in json.loads(done.stdout):
        if match := wal.IN_ARCHIVE.search(name):
            found.setdefault(name.partition("/")[0], []).append(match[1])
    return found


def repository(settings: Settings, number: int) -> tuple[list[str], list[str]]:
    """What is wrong with one repository, and gaps that no longer matter."""
    line = pgbackrest.command(
        settings, f"--repo={number}", "--output=text", "--verbose", "--log-level-console=info", "verify"
    )
    _, output = pgbackrest.run(pgbackrest.room(settings, line, settings.network, [pgbackrest.LOCKS]))
    problems = of_output(output)
    try:
        of_wal, older = of_archive(pgbackrest.info(settings, number), segments(settings, number))
    except OSError as error:
        return [*problems, f"The list of WAL cannot be read: {error}"], []
    return problems + of_wal, older


def verify(settings: Settings) -> list[str]:
    """What is wrong with the repositories; it is kept, too."""
    began = time.time()
    problems, older = [], []
    for number in settings.repositories:
        wrong, gaps = repository(settings, number)
        problems += [f"Repository {number}: {one}" for one in wrong]
        older += [f"Repository {number}: {one}" for one in gaps]
    for gap in older:
        print(f"{gap} No restore to a time within it is possible.", flush=True)
    record.write(
        "verification",
        {
            "result": "failed" if problems else "well",
            "seconds": time.time() - began,
            "problems": problems,
            "gaps": older,
        },
    )
    return problems


if __name__ == "__main__":
    record.fail(verify(load()))
