"""The gateway's own process, which is started as often as its source changes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from support import web
from support.processes import stop


class RestartedGateway:
    """A gateway of a given source, whose database is migrated before each start.

    Args:
        source: the folder that has the package.
        variables: the whole environment.
    """

    def __init__(self, source: Path, variables: dict[str, str]) -> None:
        self._environment = variables | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(source), variables.get("PYTHONPATH")]))
        }
        self._ready = f"http://127.0.0.1:{variables['GATEWAY_PORT']}/health/ready"
        self._process: subprocess.Popen[bytes] | None = None
        self._begin = 0.0
        self._said_ready = False
        self.started = False

    def restart(self) -> None:
        """Start the gateway, in place of the one that runs."""
        self.stop()
        self.started = True
        self._begin = time.monotonic()
        self._said_ready = False
        self._run("migrate").wait()
        self._process = self._run()

    def look(self) -> None:
        """Say, once for each start, that the gateway is ready, and that it has ended by itself."""
        if self._process is None:
            return
        if self._process.poll() is not None:
            print(f"The gateway ended with {self._process.returncode}; a change starts it again.", flush=True)
            self._process = None
        elif not self._said_ready and self._is_ready():
            self._said_ready = True
            seconds = time.monotonic() - self._begin
            print(f"The gateway is ready after {seconds:.1f} s (process {self._process.pid}).", flush=True)

    def stop(self) -> None:
        """End the gateway, if it runs."""
        if self._process is not None:
            stop(self._process)
            self._process = None

    def _run(self, *command: str) -> "subprocess.Popen[bytes]":
        # A Ctrl-C at the terminal is for the one who started it, who ends it in its turn.
        arguments = [sys.executable, "-m", "tracseq_gateway", *command]
        return subprocess.Popen(arguments, env=self._environment, start_new_session=True)

    def _is_ready(self) -> bool:
        try:
            return web.get(self._ready, timeout=1).status_code == 200
        except httpx.HTTPError:
            return False
