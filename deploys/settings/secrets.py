"""The secrets of an environment: from its ``.env`` file, and from nowhere else."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr

FEWEST_DIFFERENT_CHARACTERS = 8
GUESSABLE = ("password", "secret", "changeme", "change-me", "example", "your-", "your_")


def read(
    environment: str, names: Mapping[str, int], optional: Mapping[str, int] | None = None
) -> tuple[dict[str, SecretStr], list[str]]:
    """
    The secrets of an environment, and what is wrong with them.

    Args:
        environment: its name; the file is ``.env.<environment>`` in the current directory
        names: the names of all secrets, and how many characters each needs (deployment guide,
            "Security Checklist")
        optional: the same of those that need not be there

    Returns:
        The secrets by name, and a sentence for every problem. No sentence tells a value.
    """
    path = Path(f".env.{environment}")
    if not path.is_file():
        return {}, [f"{path}: there is no such file. Copy .env.example to it and fill in every value."]
    problems = []
    if path.stat().st_mode & 0o077:
        problems.append(f"{path}: others can read it. Run: chmod 600 {path}")
    values = dotenv_values(path, interpolate=False)
    found = {}
    there = {name: length for name, length in (optional or {}).items() if values.get(name)}
    for name, length in {**names, **there}.items():
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


def invent(path: str, names: Iterable[str]) -> None:
    """
    Write a file of random secrets where there is none: for the lab, whose secrets nobody must know.

    Names that an older file does not have yet are added to it.

    Args:
        path: the file; it is made with mode 0600
        names: the names of all secrets
    """
    known = dotenv_values(path, interpolate=False) if Path(path).exists() else {}
    lines = [f"{name}={secrets.token_urlsafe(32)}\n" for name in names if name not in known]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(lines)
