"""The first moment: who connects then is answered, and a signal that comes then is heeded."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from conftest import StartUpstream
from support.gateway import GatewayProcess
from support.processes import START_SECONDS, accepts
from support.upstreams import read_head

STARTS = 3
DELAYS = (0.0, 0.002, 0.005)


def _wait_for_listening(gateway: GatewayProcess) -> None:
    # The moment that is looked for is a few milliseconds long.
    end = time.monotonic() + START_SECONDS
    while not accepts(gateway.port):
        assert time.monotonic() < end
        time.sleep(0.0005)


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_in_the_first_moment_ends_the_process(tmp_path: Path, workers: int) -> None:
    for delay in DELAYS:
        gateway = GatewayProcess(tmp_path, GATEWAY_WORKERS=workers)
        _wait_for_listening(gateway)
        time.sleep(delay)
        gateway.process.send_signal(signal.SIGTERM)
        try:
            assert gateway.process.wait(10) == 0, gateway.errors.read_text()
        except subprocess.TimeoutExpired:
            gateway.stop(signal.SIGKILL)
            pytest.fail(f"SIGTERM {delay} s after the listening began was not heeded.")


def test_the_first_request_is_answered(start_upstream: StartUpstream, tmp_path: Path) -> None:
    upstream = start_upstream()
    for _ in range(STARTS):
        gateway = GatewayProcess(tmp_path, SAMPLE_SERVICE_URL=upstream.url)
        _wait_for_listening(gateway)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
            connection.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
            assert read_head(connection).startswith(b"HTTP/1.1 200")
        assert gateway.stop() == 0
