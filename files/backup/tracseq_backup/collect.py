"""
Fetches what services declare as their state, and keeps it in a repository of restic.

Each host sends one archive of tar. It is kept as it came, by its host's name: nothing that another
host says is unpacked here.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tracseq_backup import pgbackrest, record
from tracseq_backup.settings import Settings, load

CREDENTIALS = Path("/etc/tracseq/backup")
SPOOL = Path("/var/lib/tracseq-backup/spool")
ATTEMPTS = 5
TIMEOUT = 600


def pieces(connection: Any) -> Iterator[bytes]:
    """
    The pieces of an archive that a host sends.

    Raises:
        OSError: where it was cut off, or the host says that it does not fit together.
    """
    with connection.makefile("rb") as stream:
        while piece := _piece(stream):
            yield piece
        if problem := _piece(stream).decode(errors="replace"):
            raise OSError(problem)


def _piece(stream: BinaryIO) -> bytes:
    length = stream.read(4)
    if len(length) < 4:
        raise OSError("the connection was cut off")
    piece = stream.read(int.from_bytes(length, "big"))
    if len(piece) < int.from_bytes(length, "big"):
        raise OSError("the connection was cut off")
    return piece


def fetch(settings: Settings, name: str, file: Path) -> None:
    """Have the archive of a host in a file."""
    context = ssl.create_default_context(cafile=CREDENTIALS / "authority.crt")
    context.load_cert_chain(CREDENTIALS / "client.crt", CREDENTIALS / "client.key")
    with (
        socket.create_connection((name, settings.state_port), timeout=TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
        file.open("wb") as archive,
    ):
        for piece in pieces(connection):
            archive.write(piece)


def fetched(settings: Settings, name: str, file: Path) -> str | None:
    """Why a host's archive could not be had, in several attempts; None where it is there."""
    problem: str | None = None
    for _ in range(ATTEMPTS):
        try:
            fetch(settings, name, file)
            return None
        except OSError as error:
            problem = f"The state of {name} could not be fetched: {error}"
            time.sleep(2)
    return problem


def restic(settings: Settings, *arguments: str, stdin: Path | None = None) -> str | None:
    """Run restic; why it failed, or None."""
    environment = os.environ | {
        "RESTIC_REPOSITORY": settings.state_repository,
        "RESTIC_PASSWORD_FILE": str(CREDENTIALS / "passphrase"),
    }
    with (stdin or Path("/dev/null")).open("rb") as given:
        done = subprocess.run(
            ["restic", "--no-cache", "--quiet", *arguments],
            stdin=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False,
        )  # fmt: skip
    print(done.stdout, end="", flush=True)
    return None if done.returncode == 0 else f"restic {arguments[0]}: {pgbackrest.reason(done.stdout)}"


def keep(settings: Settings, name: str) -> str | None:
    """Fetch and keep the state of one host; why that failed, or None."""
    file = SPOOL / f"{name}.tar"
    try:
        return fetched(settings, name, file) or restic(
            settings, "backup", "--stdin", f"--stdin-filename={name}.tar", f"--host={name}", "--tag=state", stdin=file
        )
    finally:
        file.unlink(missing_ok=True)


def main() -> None:
    """Fetch, keep, let go of what is too old, and read all of it again."""
    settings, began = load(), time.time()
    before = record.read("state").get("succeeded", 0.0)
    made = None
    if not Path(settings.state_repository, "config").is_file():
        made = restic(settings, "init")
    steps = [made, *(keep(settings, source["name"]) for source in settings.state_sources)]
    steps.append(restic(settings, "forget", f"--keep-within={settings.state_retention}", "--prune", "--group-by=host"))
    steps.append(restic(settings, "check", "--read-data"))
    problems = [problem for problem in steps if problem]
    record.write(
        "state",
        {
            "result": "failed" if problems else "well",
            "problems": problems,
            "seconds": time.time() - began,
            "succeeded": before if problems else time.time(),
        },
    )
    record.fail(problems)


if __name__ == "__main__":
    main()
