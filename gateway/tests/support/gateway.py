"""The gateway as the tests run it: the real process with a configuration of the test's own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from support import web
from support.processes import free_port, stop, wait_until

JWT_SECRET = "a-secret-of-the-tests-that-is-long-enough"
NOWHERE = "postgres://lims:secret-password@127.0.0.1:1/lims"


def environment(**variables: Any) -> dict[str, str]:
    """Return an environment with the variables and what the gateway needs besides."""
    base = {
        "PATH": os.environ["PATH"],
        "ENVIRONMENT": "testing",
        "DATABASE_URL": NOWHERE,
        "JWT_SECRET_KEY": JWT_SECRET,
        "GATEWAY_HOST": "127.0.0.1",
        "RATE_LIMIT_REQUESTS": "0",
        "PUBLIC_ROUTES": "/api/*",
        "DB_POOL_MIN_SIZE": "1",
    }
    return base | {name: str(value) for name, value in variables.items()}


class GatewayProcess:
    """A gateway on a port of its own."""

    def __init__(self, folder: Path, **variables: Any) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.errors = folder / f"stderr-{self.port}"
        self._environment = environment(
            **{"GATEWAY_PORT": self.port, "GATEWAY_STATE_DIRECTORY": folder / "state", **variables}
        )
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tracseq_gateway"],
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd="/",
            )

    def wait(self) -> "GatewayProcess":
        """Wait until the gateway is ready."""
        wait_until(self._is_ready, "The gateway's start")
        return self

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.errors.read_text()
        try:
            return web.get(f"{self.url}/health/ready", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    def connect(self) -> socket.socket:
        """Open a connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own and return all that comes until it closes."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_all(connection)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End the gateway and return its exit status."""
        return stop(self.process, how)


def read_all(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except TimeoutError as error:
        raise AssertionError(f"The connection stays open after {data!r}") from error
    return data
