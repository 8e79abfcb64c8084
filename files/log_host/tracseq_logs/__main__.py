"""
Print lines of the journals of all hosts, the oldest first, each with the host that its certificate names.

    tracseq-logs [--since WHEN] [--grep PATTERN] [--unit UNIT] [--host HOST] [--lines NUMBER]
    tracseq-logs --request ID [--since WHEN] [--host HOST]

Without an id, the newest lines of the last hour, or since then. Of an id of a request or of a trace, all that any
host wrote of it. Ends with 1 where there is nothing, and with 2 where that cannot be said.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tracseq_logs import request, since
from tracseq_logs.journal_file import Entry


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for; the exit status."""
    parser = argparse.ArgumentParser("tracseq-logs", usage=__doc__)
    parser.add_argument("directory", type=Path)
    for name in ("since", "grep", "unit", "host", "request"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--lines", type=int, default=1000)
    asked = parser.parse_args(arguments)
    directories = {path.name: path for path in sorted(asked.directory.glob("*")) if path.is_dir()}
    if asked.host is not None:
        if asked.host not in directories:
            parser.exit(
                2, f"There is no journal of {asked.host}; there are those of {', '.join(directories) or 'nobody'}.\n"
            )
        directories = {asked.host: directories[asked.host]}
    try:
        found = _found(asked, directories)
    except since.Refused as refused:
        parser.exit(2, f"{refused}\n")
    # What was sent twice, because nobody said that it had arrived, is one line.
    shown = dict.fromkeys(sorted(_shown(host, entry) for host, entry in found if not _asks(entry)))
    for line in list(shown) if asked.request else list(shown)[-asked.lines :]:
        print(line)
    return int(not shown)


def _found(asked: argparse.Namespace, directories: Mapping[str, Path]) -> request.Found:
    if asked.request:
        return request.lines(directories, asked.request, _moment(asked.since) if asked.since else 0)
    return since.lines(directories, asked.since or "1 hour ago", asked.grep, asked.unit, asked.lines)


def _moment(when: str) -> int:
    """A moment in microseconds since 1970, as systemd understands it."""
    done = subprocess.run(["systemd-analyze", "timestamp", when], capture_output=True, text=True, check=False)
    seconds = next((line.partition("@")[2] for line in done.stdout.splitlines() if "UNIX seconds:" in line), "")
    if not seconds:
        raise since.Refused(f"{when!r} is no moment: write it as in systemd.time(7), such as 2026-11-23 14:00.")
    return int(float(seconds) * 1_000_000)


def _asks(entry: Entry) -> bool:
    """Whether an entry is of somebody who asks this program, by whom what is asked for is no answer."""
    return entry.get("SYSLOG_IDENTIFIER") == "sudo" and "tracseq-logs" in entry.get("MESSAGE", "")


def _shown(host: str, entry: Entry) -> str:
    """An entry as a line; what a terminal would take for a command is shown as what it is."""
    moment = datetime.fromtimestamp(entry["__REALTIME_TIMESTAMP"] / 1_000_000, UTC)
    program = entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM") or "?"
    process = entry.get("_PID") or entry.get("SYSLOG_PID") or "?"
    message = "".join(one if one.isprintable() else repr(one)[1:-1] for one in entry.get("MESSAGE", ""))
    return f"{moment:%Y-%m-%d %H:%M:%S.%f} {host} {program}[{process}]: {message}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
