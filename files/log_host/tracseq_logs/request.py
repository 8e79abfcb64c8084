"""The lines of one request, of all hosts: by its own id, or by the trace that it is a part of."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tracseq_logs.journal_file import Entry, JournalFile, Unknown

File = tuple[str, Path]
"""A host, and a file with a part of its journal."""
Found = list[tuple[str, Entry]]
"""Entries, each with its host."""

ID = re.compile(r'"(?:request_id|trace_id)": ?"([0-9A-Za-z._-]{8,128})"')
AROUND = 3600 * 1_000_000
"""Microseconds before and after a request within which others write of it: an audit entry waits for its database."""
MOST = 100
"""Further ids that are looked for: a trace may be of many requests."""


def lines(directories: Mapping[str, Path], text: str, since: int = 0) -> Found:
    """
    The entries that have an id in their message, or an id that belongs to the same request.

    + directories: of journal files, by the name of the host
    + text: the id
    + since: microseconds since 1970
    """
    files = [(host, path) for host, directory in directories.items() for path in sorted(directory.glob("*.journal*"))]
    found = [(host, entry) for host, entry in _found(files, [text]) if entry["__REALTIME_TIMESTAMP"] >= since]
    others = {one for _, entry in found for one in _ids(entry["MESSAGE"])} - {text}
    if others:
        times = [entry["__REALTIME_TIMESTAMP"] for _, entry in found]
        window = max(since, min(times) - AROUND), max(times) + AROUND
        found += _found(files, sorted(others)[:MOST], window)
    return found


def _ids(message: str) -> list[str]:
    """The ids that a line of a gateway has; a line of many requests, such as a delivery to the audit trail, none."""
    ids = ID.findall(message)
    return ids if len(ids) <= 2 else []


def _found(files: Sequence[File], texts: Sequence[str], window: tuple[int, int] | None = None) -> Found:
    hosts = {path: host for host, path in files if window is None or _overlaps(path, window)}
    return [(hosts[path], entry) for path in _having(list(hosts), texts) for entry in _entries(path, texts)]


def _having(paths: Sequence[Path], texts: Sequence[str]) -> list[Path]:
    """Those of some files that have one of some texts, as one search on each processor finds them."""
    parts = [paths[number :: os.cpu_count() or 1] for number in range(min(os.cpu_count() or 1, len(paths)))]
    patterns = [word for text in texts for word in ("-e", text)]
    # Journals are full of zeros: with these for ends of lines, no line is long.
    grep = ["grep", "--null-data", "--fixed-strings", "--files-with-matches", "--no-messages", *patterns, "--"]
    running = [subprocess.Popen([*grep, *part], stdout=subprocess.PIPE, text=True) for part in parts]
    return [Path(line) for one in running for line in one.communicate()[0].splitlines()]


def _entries(path: Path, texts: Sequence[str]) -> list[Entry]:
    try:
        with JournalFile(path) as journal:
            return [entry for text in texts for entry in journal.entries(text.encode())]
    except (OSError, ValueError, Unknown):  # it has gone meanwhile, or was never whole
        return []


def _overlaps(path: Path, window: tuple[int, int]) -> bool:
    try:
        with JournalFile(path) as journal:
            return journal.first <= window[1] and journal.last >= window[0]
    except (OSError, ValueError, Unknown):
        return False
