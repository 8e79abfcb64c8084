"""The Postgres servers, asked by psql."""

from __future__ import annotations

import subprocess

from tracseq_backup.settings import Settings

TIMEOUT = 60
"""Seconds that an answer may take: a server whose machine vanishes gives none."""
PRIMARY = "target_session_attrs=read-write"


def connection(settings: Settings, hosts: str, more: str = "") -> str:
    """
    A connection string.

    Args:
        settings: of this host
        hosts: names, with commas between them
        more: what else it says
    """
    return f"host={hosts} {settings.connection} {more}".strip()


def of_primary(settings: Settings) -> str:
    """The connection string of whichever server takes writes."""
    return connection(settings, ",".join(settings.servers), PRIMARY)


def ask(conninfo: str, *statements: str) -> str:
    """
    What a server answers to the last of some statements.

    Raises:
        OSError: with the words of psql where it does not.
    """
    *earlier, last = statements
    said = [*(f"{statement} \\g /dev/null" for statement in earlier), f"{last};"]
    try:
        done = subprocess.run(
            ["psql", "-XAtq", "--set=ON_ERROR_STOP=1", "--no-password", f"--dbname={conninfo}", "--file=-"],
            input="\n".join(said), capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise OSError(f"nothing was answered within {TIMEOUT} s") from error
    if done.returncode:
        raise OSError(done.stderr.strip())
    return done.stdout.strip()
