"""The programs of a backup host, as they are sent to it."""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import Any

sys.path.insert(0, "files/backup")

from tracseq_backup import (
    believed,
    choice,
    collect,
    goal,
    history,
    metrics,
    pgbackrest,
    plan,
    proof,
    push,
    receive,
    record,
    send,
    state,
    verify,
    wal,
    watch,
)
from tracseq_backup.settings import Settings

__all__ = [
    "believed",
    "choice",
    "collect",
    "goal",
    "history",
    "metrics",
    "pgbackrest",
    "plan",
    "proof",
    "push",
    "receive",
    "record",
    "send",
    "settings_of",
    "state",
    "verify",
    "wal",
    "watch",
]


def settings_of(**values: Any) -> Settings:
    """The settings of a backup host, those that do not matter empty."""
    empty: dict[str, Any] = {field.name: "" for field in fields(Settings)}
    known = {"user": "pgbackrest", "stanza": "main", "repositories": (1,), "servers": ("pg1", "pg2")}
    return Settings(**{**empty, **known, **values})
