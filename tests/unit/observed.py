"""A run of pyinfra's command line in a directory of its own, and what it noted on the way."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.inventory import PYINFRA

# What the files of a run import: each note is a line, written at once.
NOTES = """
import json

def note(what, value=None):
    with open("notes.jsonl", "a") as file:
        print(json.dumps([what, value]), file=file)
"""
# pyinfra pretends that a command takes as long as on a host.
AT_ONCE = {"PYINFRA_FAKE_DELAY": "0", "PYINFRA_FAKE_DELAY_JITTER": "0", "PYINFRA_PROGRESS": "off"}


@dataclass(frozen=True)
class Observed:
    """How a run ended, what it printed, and what its files noted, in this order."""

    code: int
    output: str
    notes: list[tuple[str, Any]]

    def all(self, what: str) -> list[Any]:
        """The values that were noted under a name."""
        return [value for name, value in self.notes if name == what]

    def one(self, what: str) -> Any:
        """The value that was noted once."""
        [value] = self.all(what)
        return value

    def place(self, what: str) -> int:
        """Where among all notes the first of a name is."""
        return [name for name, _ in self.notes].index(what)


def pyinfra(directory: Path, files: Mapping[str, str], *arguments: str) -> Observed:
    """
    Run pyinfra, as somebody at a prompt would.

    Args:
        directory: an empty one, in which it runs
        files: Python files in it, by their names; they ``from notes import note``
        arguments: of the command line
    """
    for name, text in {"notes.py": NOTES, **files}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = subprocess.run(
        [PYINFRA, *arguments], cwd=directory, env=os.environ | AT_ONCE,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    notes = directory / "notes.jsonl"
    lines = notes.read_text().splitlines() if notes.exists() else []
    return Observed(done.returncode, done.stdout + done.stderr, [tuple(json.loads(line)) for line in lines])
