"""A Postgres server of the test's own."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import asyncpg

from support.processes import accepts, find_program, free_port, wait_until

FOLDERS = tuple(f"/usr/lib/postgresql/{version}/bin" for version in range(18, 12, -1))


class PostgresServer:
    """A cluster in a folder of its own, on a port of its own."""

    def __init__(self, *, empty: bool = True) -> None:
        self.port = free_port()
        # Not pytest's folder: the server runs as the postgres user, who may not enter it.
        self.folder = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
        self.data = self.folder / "data"
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        if empty:
            self._run("initdb", "-D", str(self.data), "-U", "lims", "-A", "trust", "--no-sync", "-E", "UTF8")

    def _run(self, program: str, *arguments: str) -> None:
        command = [find_program(program, "postgresql", *FOLDERS), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        result = subprocess.run(command, capture_output=True, cwd=self.folder, timeout=60, check=False)
        assert result.returncode == 0, result.stderr.decode()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")
        wait_until(lambda: accepts(self.port), "Postgres's start")

    def make_standby(self) -> "PostgresServer":
        """Return a started standby of this server."""
        standby = PostgresServer(empty=False)
        copy = f"host=127.0.0.1 port={self.port} user=lims"
        self._run("pg_basebackup", "-d", copy, "-D", str(standby.data), "-R", "-X", "stream", "-c", "fast", "--no-sync")
        standby.start()
        return standby

    def promote(self) -> None:
        """Make a standby the primary."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def make_database(self, name: str) -> str:
        """Make a database and return its address."""
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "lims"]
        self._run("createdb", *address, name)
        return self.url(name)

    def query(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run a statement and return its rows."""

        async def run() -> list[Any]:
            connection = await asyncpg.connect(self.url(database, "postgresql"))
            try:
                return list(await connection.fetch(statement))
            finally:
                await connection.close()

        return asyncio.run(run())

    def stop(self) -> None:
        """Stop the server at once."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """End the server as a crash would."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def is_up(self) -> bool:
        """Whether the server takes connections."""
        return accepts(self.port)

    def remove(self) -> None:
        """Delete the cluster."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres", scheme: str = "postgres") -> str:
        """Return the address of a database."""
        return f"{scheme}://lims:unused@127.0.0.1:{self.port}/{database}"
