"""A Redis server of the test's own."""

import subprocess

from support.processes import accepts, find_program, free_port, stop, wait_until


class RedisServer:
    """A server that keeps nothing, on a port of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        program = find_program("redis-server", "redis-server")
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            cwd="/tmp",
        )
        wait_until(lambda: accepts(self.port), "Redis's start")

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            stop(self._process)

    @property
    def url(self) -> str:
        """The server's address."""
        return f"redis://127.0.0.1:{self.port}/0"
