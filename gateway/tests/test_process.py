"""The process: systemd's protocols, several workers, what it may do, and how it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.gateway import GatewayProcess, environment
from support.processes import accepts, free_port, stop, wait_until


@pytest.fixture
def systemd(tmp_path: Path) -> Any:
    """A socket like the one systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(str(tmp_path / "notify"))
        datagrams.settimeout(10)
        yield datagrams


@pytest.mark.parametrize("workers", [1, 2])
def test_systemd_is_told_of_ready_alive_and_stopping(
    start_gateway: StartGateway, systemd: socket.socket, workers: int
) -> None:
    gateway = start_gateway(
        NOTIFY_SOCKET=systemd.getsockname(), WATCHDOG_USEC=400_000, GATEWAY_WORKERS=workers, METRICS_UNUSED=1
    )
    assert systemd.recv(100) == b"READY=1"
    for _ in range(3):
        assert systemd.recv(100) == b"WATCHDOG=1"
    gateway.process.send_signal(signal.SIGTERM)
    while (message := systemd.recv(100)) == b"WATCHDOG=1":
        pass
    assert message == b"STOPPING=1"
    assert gateway.process.wait(10) == 0


def start_with_socket(listener: socket.socket, **variables: Any) -> "subprocess.Popen[bytes]":
    """Start a gateway as systemd does for a socket unit."""

    def hand_over() -> None:
        os.dup2(listener.fileno(), 3)

    return subprocess.Popen(
        ["/bin/sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {sys.executable} -m tracseq_gateway"],
        env=environment(**variables),
        pass_fds=(3,),
        preexec_fn=hand_over,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_restart_behind_a_handed_over_socket_refuses_nobody(
    start_upstream: StartUpstream, tmp_path: Path, workers: int
) -> None:
    upstream = start_upstream()
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/samples/1"
        variables = {
            "SAMPLE_SERVICE_URL": upstream.url,
            "GATEWAY_PORT": free_port(),
            "GATEWAY_WORKERS": workers,
            "GATEWAY_STATE_DIRECTORY": tmp_path,
        }
        process = start_with_socket(listener, **variables)
        statuses: list[int] = []
        ended = threading.Event()

        def keep_asking() -> None:
            while not ended.is_set():
                statuses.append(web.get(url, timeout=20).status_code)

        asking = threading.Thread(target=keep_asking)
        asking.start()
        for _ in range(2):
            before = len(statuses)
            wait_until(lambda before=before: len(statuses) > before + 20, "The answers")  # type: ignore[misc]
            assert stop(process) == 0
            process = start_with_socket(listener, **variables)
        before = len(statuses)
        wait_until(lambda: len(statuses) > before + 20, "The answers")
        ended.set()
        asking.join()
        assert stop(process) == 0
        assert set(statuses) == {200}
        assert not accepts(int(variables["GATEWAY_PORT"]))


def test_what_hangs_is_cut_when_the_time_for_it_is_over(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    arrived = threading.Event()

    def hang(connection: socket.socket) -> None:
        arrived.set()
        while connection.recv(100):
            pass

    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream(hang).url, GATEWAY_SHUTDOWN_TIMEOUT=1)
    with gateway.connect() as connection:
        connection.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        assert arrived.wait(10)
        assert gateway.stop() == 0


def test_an_address_in_use_is_told_and_ends_the_process(start_gateway: StartGateway, tmp_path: Path) -> None:
    first = start_gateway()
    second = GatewayProcess(tmp_path, GATEWAY_PORT=first.port)
    assert second.process.wait(20) == 3
    assert "cannot listen: Address already in use" in second.errors.read_text()


def test_a_state_directory_that_cannot_be_written_is_told_and_ends_the_process(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.touch()
    gateway = GatewayProcess(tmp_path, GATEWAY_STATE_DIRECTORY=file / "state")
    assert gateway.process.wait(20) == 3
    assert f"GATEWAY_STATE_DIRECTORY names {file}/state, which cannot be written" in gateway.errors.read_text()


def test_nothing_needs_memory_that_is_writable_and_executable() -> None:
    """MemoryDenyWriteExecute= breaks ctypes' callbacks, so nothing may import it."""
    code = (
        "import sys, tracseq_gateway.application, tracseq_gateway.server.process, tracseq_gateway.audit.migrate;"
        "sys.exit('ctypes' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0


def test_only_the_state_directory_is_written(start_gateway: StartGateway, tmp_path: Path) -> None:
    gateway = start_gateway(GATEWAY_WORKERS=2)
    written = set()
    for children in Path(f"/proc/{gateway.process.pid}/task").glob("*/children"):
        for process in [gateway.process.pid, *children.read_text().split()]:
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    target = os.readlink(descriptor)
                    flags = Path(f"/proc/{process}/fdinfo/{descriptor.name}").read_text().split()[3]
                    if int(flags, 8) & (os.O_WRONLY | os.O_RDWR) and target.startswith("/"):
                        written.add(target)
    assert not [target for target in written if not target.startswith(("/dev/", str(tmp_path)))]
