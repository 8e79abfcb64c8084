"""Starts and stops the processes that tests need; each is ended by its own id."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

START_SECONDS = 20.0
PORTS = range(10_000, 32_000)


def _own_ports() -> Iterator[int]:
    # Below those that the kernel gives to connections (ip_local_port_range of ip(7)), and for each of
    # the processes that run tests side by side others: nobody takes one between here and its use.
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = len(PORTS) // count
    return itertools.cycle(PORTS[number * size : (number + 1) * size])


_ports = _own_ports()


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("There is always a next port.")


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
