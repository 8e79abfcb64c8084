"""
What was done last, for whoever looks at the site: a file of each in JSON, and one of its metrics beside it.

One writer a file, and never half a file.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tracseq_backup import metrics

DIRECTORY = Path("/var/lib/tracseq-backup/state")


def write(name: str, values: dict[str, Any], directory: Path = DIRECTORY) -> None:
    """
    Keep what was done, in place of what was kept under that name.

    Args:
        name: of the file, without its suffix
        values: what to keep; the time is added, and with a ``result`` when that was ``well`` last
        directory: where
    """
    kept = {"at": time.time(), **values}
    if "result" in kept and "succeeded" not in kept:
        kept["succeeded"] = kept["at"] if kept["result"] == "well" else read(name, directory).get("succeeded", 0.0)
    put(directory / f"{name}.json", json.dumps(kept, indent=1, sort_keys=True) + "\n")
    put(directory / f"{name}.prom", metrics.of(name, kept))


def put(file: Path, text: str) -> None:
    """Have a file with this text, never half of it."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    with new.open("w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    new.chmod(0o644)
    new.rename(file)


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
