"""What the deploy of the site has told this host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path("/etc/tracseq/backup/settings.json")


@dataclass(frozen=True)
class Settings:
    """The site, as this host needs to know it."""

    user: str
    """The system user that owns the repository."""
    stanza: str
    repository: str
    """Directory of the first repository."""
    repositories: tuple[int, ...]
    """The numbers of all repositories in pgBackRest's configuration."""
    network: bool
    """Whether one of them is reached over the network."""
    servers: tuple[str, ...]
    """The Postgres hosts."""
    connection: str
    """What a connection to any of them needs beside its host."""
    slot: str
    programs: str
    """Directory of the programs of Postgres."""
    wal_interval: float
    """Seconds within which what was written is archived."""
    wal_maximum_age: float
    backup_maximum_age: float
    state_maximum_age: float
    state_repository: str
    state_retention: str
    state_sources: tuple[dict[str, Any], ...]
    """Hosts whose services declare directories: ``name`` and ``paths``."""
    state_port: int
    second_place: str
    """Path of the copy in its second place; empty where there is none."""
    second_place_maximum_age: float
    retention: float
    """Seconds that it must be possible to go back."""
    restore_directory: str
    """Where clusters are restored."""
    restore_port: int
    """At which other hosts take what is restored for them."""
    proof_database: str
    proof_query: str
    """What a restored cluster must answer with a row; empty where nothing is asked."""


def load(file: Path = FILE) -> Settings:
    """The settings, from the file that the deploy writes."""
    values: dict[str, Any] = json.loads(file.read_text())
    found: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Settings(**found)
