"""Lines by when, by which unit and by what they say: journalctl reads the journal of each host."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracseq_logs.journal_file import Entry

FIELDS = ("MESSAGE", "SYSLOG_IDENTIFIER", "_COMM", "_PID", "SYSLOG_PID")


class Refused(Exception):
    """What journalctl did not take, in its words."""


def lines(
    directories: Mapping[str, Path], since: str, grep: str | None, unit: str | None, most: int
) -> list[tuple[str, Entry]]:
    """
    The newest entries of each host.

    + directories: of journal files, by the name of the host
    + since, grep, unit: as journalctl takes them; None: all
    + most: so many of each host
    """
    options = ["--reverse", f"--lines={most}", f"--output-fields={','.join(FIELDS)}"]
    options += [f"--{name}={value}" for name, value in (("since", since), ("grep", grep), ("unit", unit)) if value]
    command = ["journalctl", "--quiet", "--no-pager", "--utc", "--output=json", *options]
    running = {
        host: subprocess.Popen([*command, f"--directory={directory}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for host, directory in directories.items()
    }
    found = []
    for host, one in running.items():
        said, complaint = one.communicate()
        # Of a grep that finds nothing it ends with 1, and says nothing.
        if one.returncode and complaint:
            raise Refused(complaint.decode(errors="replace").strip())
        found += [(host, _entry(line)) for line in said.splitlines()]
    return found


def _entry(line: bytes) -> Entry:
    """An entry of journalctl's JSON: what is no text is a list of bytes, and what is there twice a list."""
    fields: Entry = {name: _text(value) for name, value in json.loads(line).items()}
    return fields | {"__REALTIME_TIMESTAMP": int(fields["__REALTIME_TIMESTAMP"])}


def _text(value: Any) -> str:
    if isinstance(value, list):
        if all(isinstance(one, int) for one in value):
            return bytes(value).decode(errors="replace")
        return " ".join(map(_text, value))
    return str(value or "")
