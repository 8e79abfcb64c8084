"""Starts and stops the processes that tests need; each is ended by its own id."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

START_SECONDS = 20.0


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_program(name: str, package: str, *folders: str) -> str:
    """Return a program's path, or fail with the Debian package that holds it."""
    for folder in folders:
        if (Path(folder) / name).exists():
            return str(Path(folder) / name)
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is not installed; install it by: apt-get install {package}")
    return path


def wait_until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Wait until a condition holds, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"{what} did not happen within {seconds:g} seconds.")
        time.sleep(0.02)


def accepts(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process: "subprocess.Popen[bytes]", how: int = signal.SIGTERM, seconds: float = 15.0) -> int:
    """End a process and return its exit status."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(seconds)
    return int(process.returncode)
