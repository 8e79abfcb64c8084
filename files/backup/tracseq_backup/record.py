"""What was done last, a file each, for whoever looks at the site: one writer a file, and never half a file."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

DIRECTORY = Path("/var/lib/tracseq-backup/state")


def write(name: str, values: dict[str, Any], directory: Path = DIRECTORY) -> None:
    """
    Keep what was done, in place of what was kept under that name.

    Args:
        name: of the file, without its suffix
        values: what to keep; the time is added
        directory: where
    """
    text = json.dumps({"at": time.time(), **values}, indent=1, sort_keys=True)
    new = directory / f".{name}.{os.getpid()}"
    with new.open("w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    new.chmod(0o644)
    new.rename(directory / f"{name}.json")


def read(name: str, directory: Path = DIRECTORY) -> dict[str, Any]:
    """What was kept under a name; empty where nothing was."""
    try:
        found: dict[str, Any] = json.loads((directory / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def fail(problems: list[str]) -> None:
    """End the program, and thereby its unit, with these sentences."""
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise SystemExit(1)
