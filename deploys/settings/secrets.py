"""The secrets of an environment: from its ``.env`` file, and from nowhere else."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

NAMES = (
    "POSTGRES_PASSWORD",
    "POSTGRES_REPLICATION_PASSWORD",
    "POSTGRES_MONITORING_PASSWORD",
    "REDIS_PASSWORD",
    "JWT_SECRET_KEY",
)


def invent(path: str) -> None:
    """
    Write a file of random secrets where there is none: for the lab, whose secrets nobody needs to know.

    + path: the file; it is made with mode 0600
    """
    if Path(path).exists():
        return
    lines = [f"{name}={secrets.token_urlsafe(32)}\n" for name in NAMES]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(lines)
