"""A Postgres server on a restored directory: on a socket that only its own user reaches, and with nothing archived."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracseq_backup.settings import Settings

LIMITS = {
    "max_connections setting": "max_connections",
    "max_worker_processes setting": "max_worker_processes",
    "max_wal_senders setting": "max_wal_senders",
    "max_prepared_xacts setting": "max_prepared_transactions",
    "max_locks_per_xact setting": "max_locks_per_transaction",
    "track_commit_timestamp setting": "track_commit_timestamp",
}
"""What the cluster was written with, as pg_controldata and postgresql.conf call it: recovery may need as much."""
TRIED = re.compile(r"the database system is (?:starting up|not accepting connections|shutting down)")
READY = "database system is ready to accept connections"
"""What a server writes once it has recovered (with hot_standby off)."""
SUPERUSER = "postgres"
OPTIONS = "-c session_preload_libraries= -c local_preload_libraries="
"""A role of the data may have been given libraries that a connection would load."""


@dataclass(frozen=True)
class Directory:
    """Where a cluster is restored, and what belongs to it."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def altered(self) -> Path:
        """What ALTER SYSTEM had set on the primary: it is no part of a server that only proves the data."""
        return self.path / "postgresql.auto.conf"


def control(settings: Settings, directory: Directory) -> dict[str, str]:
    """What pg_controldata says of a cluster."""
    done = subprocess.run(
        [f"{settings.programs}/pg_controldata", "-D", str(directory.data)],
        capture_output=True, text=True, check=True, env=os.environ | {"LC_ALL": "C"},
    )  # fmt: skip
    rows = (line.partition(":") for line in done.stdout.splitlines())
    return {name.strip(): value.strip() for name, _, value in rows}


@contextmanager
def running(settings: Settings, directory: Directory, more: Mapping[str, str]) -> Iterator[None]:
    """
    A server that takes connections while the block runs, and is then shut down in order.

    Args:
        settings: of this host
        directory: where the cluster is
        more: settings of it

    Raises:
        OSError: with its own words where it does not come up.
    """
    with _started(settings, directory, more) as process:
        _until(lambda: _answers(directory), process, directory)
        yield


def recovered(settings: Settings, directory: Directory, targets: Mapping[str, str]) -> None:
    """
    Have a server recover up to its goal and shut down in order, and nobody connect to it.

    Args:
        settings: of this host
        directory: where the cluster is
        targets: the settings with which it recovers

    Raises:
        OSError: with its own words where it does not come to an end.
    """
    with _started(settings, directory, targets) as process:
        _until(lambda: READY in directory.log.read_text(errors="replace"), process, directory)


@contextmanager
def _started(settings: Settings, directory: Directory, more: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    found = control(settings, directory)
    lines = {
        "data_directory": str(directory.data),
        "hba_file": str(directory.path / "pg_hba.conf"),
        "ident_file": str(directory.path / "pg_ident.conf"),
        "unix_socket_directories": str(directory.path),
        "listen_addresses": "",
        "archive_mode": "off",
        "wal_level": "replica",
        "max_replication_slots": "10",
        "jit": "off",  # no memory may be written and executed here
        "log_timezone": "Etc/UTC",
        "timezone": "Etc/UTC",
        **{name: found[key] for key, name in LIMITS.items() if key in found},
        **more,
    }
    text = "".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in lines.items())
    (directory.path / "server.conf").write_text(text)
    (directory.path / "pg_hba.conf").write_text("local all all peer map=own\n")
    (directory.path / "pg_ident.conf").write_text(f"own {settings.user} {SUPERUSER}\n")
    with directory.log.open("a") as log:
        process = subprocess.Popen(
            [f"{settings.programs}/postgres", "-c", f"config_file={directory.path}/server.conf"],
            stdout=log, stderr=log, cwd=directory.path,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def _until(reached: Callable[[], bool], process: subprocess.Popen[bytes], directory: Directory) -> None:
    """Wait for something that a server comes to."""
    while not reached():
        if process.poll() is not None:
            raise OSError(f"Postgres did not come up: {complaint(directory)}")
        time.sleep(0.5)


def ask(directory: Directory, database: str, statements: str) -> str:
    """
    What the server answers to some statements, of which each row is a line.

    Raises:
        OSError: with the words of psql where it does not.
    """
    done = subprocess.run(
        ["psql", "-XAtq", "--set=ON_ERROR_STOP=1", f"--host={directory.path}", f"--username={SUPERUSER}",
         f"--dbname={database}", "--file=-"],
        input=statements, capture_output=True, text=True, check=False, env=os.environ | {"PGOPTIONS": OPTIONS},
    )  # fmt: skip
    if done.returncode:
        raise OSError(done.stderr.strip())
    return done.stdout.strip()


def complaint(directory: Directory) -> str:
    """The last that a server wrote of something that failed."""
    lines = [line for line in directory.log.read_text(errors="replace").splitlines() if not TRIED.search(line)]
    wrong = [line for line in lines if re.search(r" (?:FATAL|PANIC|ERROR): ", line)]
    return (wrong or lines or ["it said nothing"])[-1]


def _answers(directory: Directory) -> bool:
    try:
        return ask(directory, "postgres", "select 1;") == "1"
    except OSError:
        return False
