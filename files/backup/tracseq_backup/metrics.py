"""What was done last as metrics, in the text format that node_exporter's textfile collector reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "tracseq_backup_"
GAUGES = {
    "at": ("last_run_timestamp_seconds", "When it was done last."),
    "seconds": ("last_run_duration_seconds", "What it took."),
    "well": ("last_run_success", "1 where all of it went well, 0 where anything did not."),
    "succeeded": ("last_success_timestamp_seconds", "When all of it went well last."),
    "size": ("size_bytes", "Of the databases that are in it."),
    "stored": ("stored_bytes", "What it takes in the repository."),
    "age": ("age_seconds", "Of the backup that was restored, when that began."),
    "newest": ("newest_timestamp_seconds", "When the newest backup ended; 0 where there is none."),
    "until": ("archived_until_timestamp_seconds", "All that was written before is in the repository."),
    "maximum_age": ("maximum_age_seconds", "How old the newest backup may be."),
    "maximum_behind": ("maximum_behind_seconds", "How long what was written may be in no backup."),
    "since": ("watched_since_timestamp_seconds", "When this host was first watched over."),
    "interval": ("interval_seconds", "How often it is done."),
    "waiting": ("waiting_segments", "Segments of WAL that were received and are not in the repository yet."),
}
"""The value of a record that each is made of, its name, and what it says."""


def of(record: str, values: Mapping[str, Any]) -> str:
    """
    The metrics of a record: those of ``GAUGES`` for which it has a number.

    Args:
        record: its name, which becomes a label
        values: what is kept
    """
    known = {**values, "well": int(values.get("result", "well") == "well" and not values.get("problems"))}
    return "".join(
        f"# HELP {PREFIX}{name} {meaning}\n"
        f"# TYPE {PREFIX}{name} gauge\n"
        f'{PREFIX}{name}{{record="{record}"}} {float(known[value])!r}\n'
        for value, (name, meaning) in GAUGES.items()
        if known.get(value) is not None
    )
