"""The secrets of an environment: from its ``.env`` file, and from nowhere else."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr

NAMES = {
    "POSTGRES_PASSWORD": 20,
    "POSTGRES_REPLICATION_PASSWORD": 20,
    "POSTGRES_MONITORING_PASSWORD": 20,
    "REDIS_PASSWORD": 20,
    "JWT_SECRET_KEY": 32,
}
"""Every secret of a site, and how many characters it needs (deployment guide, "Security Checklist")."""

FEWEST_DIFFERENT_CHARACTERS = 8
GUESSABLE = ("password", "secret", "changeme", "change-me", "example", "your-", "your_")


def read(environment: str) -> tuple[dict[str, SecretStr], list[str]]:
    """
    The secrets of an environment, and what is wrong with them.

    + environment: its name; the file is ``.env.<environment>`` in the current directory

    Returns the secrets by name, and a sentence for every problem. No sentence tells a value.
    """
    path = Path(f".env.{environment}")
    if not path.is_file():
        return {}, [f"{path}: there is no such file. Copy .env.example to it and fill in every value."]
    problems = []
    if path.stat().st_mode & 0o077:
        problems.append(f"{path}: others can read it. Run: chmod 600 {path}")
    values = dotenv_values(path, interpolate=False)
    found = {}
    for name, length in NAMES.items():
        value = values.get(name) or ""
        if weakness := _weakness(value, length):
            problems.append(f"{path}: {name} {weakness}.")
        found[name] = SecretStr(value)
    return found, problems


def _weakness(value: str, length: int) -> str | None:
    if not value:
        return "is missing"
    if len(value) < length:
        return f"is weak: it has {len(value)} characters and needs {length}"
    if len(set(value)) < FEWEST_DIFFERENT_CHARACTERS:
        return f"is weak: it has fewer than {FEWEST_DIFFERENT_CHARACTERS} different characters"
    if any(word in value.lower() for word in GUESSABLE):
        return "is weak: it is, or contains, an example's text"
    if not value.isprintable() or not value.isascii():
        return "has characters that configuration files cannot hold: use printable ASCII"
    return None


def invent(path: str) -> None:
    """
    Write a file of random secrets where there is none: for the lab, whose secrets nobody must know.

    + path: the file; it is made with mode 0600
    """
    if Path(path).exists():
        return
    lines = [f"{name}={secrets.token_urlsafe(32)}\n" for name in NAMES]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(lines)
