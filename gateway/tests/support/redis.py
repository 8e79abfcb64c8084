"""A Redis server of the test's own."""

import signal
import subprocess

from support.processes import accepts, find_program, free_port, stop, wait_until


class RedisServer:
    """A server that keeps nothing, on a port of its own."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, where it does not run, and wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        program = find_program("redis-server", "redis-server")
        own = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen(
            [program, *own, *self._options],
            stdout=subprocess.DEVNULL,
            cwd="/tmp",
        )
        wait_until(lambda: accepts(self.port), "Redis's start")

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            stop(self._process)

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            stop(self._process, signal.SIGKILL)

    def freeze(self) -> None:
        """Have the server do nothing, as a host does that hangs; connections stay."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the server go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    @property
    def url(self) -> str:
        """The server's address."""
        return f"redis://127.0.0.1:{self.port}/0"
