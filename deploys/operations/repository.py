"""The repository of the backups before Postgres is upgraded: it has all of the old version."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.backup import WAL, Received
from deploys.facts.backup_records import Records
from deploys.operations.script import script

KINDS = ("full", "differential")


@operation
def recent(maximum_age: float) -> Steps:
    """
    Have a backup that was made lately; where there is none, one is made now and read again, which is waited for.

    + maximum_age: seconds since it was made

    **Example:**

    .. code:: python

        repository.recent(name="A backup from before", maximum_age=3600)
    """
    records: Mapping[str, Mapping[str, Any]] = yield Reading(Records)
    well = [records[kind]["at"] for kind in KINDS if records.get(kind, {}).get("result") == "well"]
    if well and time.time() - max(well) < maximum_age:
        host.noop("there is one")
        return
    yield script(
        "if ! systemctl start tracseq-backup-differential.service; then",
        "  journalctl --output=cat --no-pager --lines=20 --unit=tracseq-backup-differential.service >&2",
        "  echo 'No backup was made, or it cannot be read again: its unit said what is above.' >&2",
        "  exit 1",
        "fi",
    )


@operation
def drained(timeout: int = 300) -> Steps:
    """
    Have all WAL of a primary that was stopped in the repository, and nothing of it where the next one's is received.

    + timeout: seconds it may take (default 300)

    **Example:**

    .. code:: python

        repository.drained(name="All WAL of the old version is in the repository")
    """
    waiting: frozenset[str] = yield Reading(Received)
    if not waiting:
        host.noop("all of it is in the repository")
        return
    yield script(
        "systemctl stop tracseq-wal-receive.service",
        "tries=0",
        f"while ls {WAL} | grep --quiet --invert-match 'partial$'; do",
        f"  if [ $tries = {timeout} ]; then",
        f"    echo 'Not all WAL of the primary is in the repository after {timeout} s; journalctl -u tracseq-wal-push"
        " says why. Run again when it is.' >&2",
        "    exit 1",
        "  fi",
        "  tries=$((tries + 1))",
        "  sleep 1",
        "done",
        # What a primary that was stopped in order writes last is the record of that, alone in its segment.
        f"rm -f {WAL}/*.partial",
    )
