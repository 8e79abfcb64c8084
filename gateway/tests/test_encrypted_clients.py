"""The encrypted port: who may speak there, what is shown to them, and that nothing is lost by it."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from conftest import StartGateway, StartUpstream
from support import web
from support.certificates import Authority
from support.gateway import GatewayProcess, environment, read_all
from support.processes import accepts, find_program, free_port, stop, wait_until
from support.upstreams import answer, read_head, read_request

GET = b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n"
BALANCER = "lb1"


class Encrypted:
    """A gateway's encrypted port, and the authority of those who speak there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.authority = Authority(folder)
        self.balancer = self.authority.issue("balancer", BALANCER)
        self.files = self.authority.issue("gateway", "gateways")

    @property
    def variables(self) -> dict[str, Any]:
        """What a gateway is told."""
        return {
            "GATEWAY_TLS_HOST": "127.0.0.1",
            "GATEWAY_TLS_PORT": self.port,
            "GATEWAY_TLS_CERTIFICATE": self.files[0],
            "GATEWAY_TLS_KEY": self.files[1],
            "GATEWAY_TLS_AUTHORITY": self.authority.file,
            "GATEWAY_TLS_CLIENTS": f"{BALANCER},lb2",
        }

    def connect(self, shown: tuple[Path, Path] | None = None) -> ssl.SSLSocket:
        """Open a connection as a balancer, or with another certificate."""
        context = self.context(shown or self.balancer)
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 15), server_hostname="gateways")

    def context(self, shown: tuple[Path, Path] | None) -> ssl.SSLContext:
        """What a client has that shows a certificate, or none."""
        context = ssl.create_default_context(cafile=self.authority.file)
        if shown is not None:
            context.load_cert_chain(*shown)
        return context

    def refuses(self, context: ssl.SSLContext) -> bool:
        """Whether a client with this gets no answer to a request."""
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), 5) as connection,
                context.wrap_socket(connection, server_hostname="gateways") as client,
            ):
                # With TLS 1.3 a client has shaken hands before its certificate is looked at.
                client.sendall(GET)
                return not client.recv(1)
        except OSError:
            return True

    def serial(self) -> str:
        """The number of the certificate that the gateway shows now."""
        with self.connect() as connection:
            certificate = connection.getpeercert()
            assert certificate is not None
            return str(certificate["serialNumber"])


@pytest.fixture
def encrypted(tmp_path: Path) -> Encrypted:
    return Encrypted(tmp_path)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_balancer_is_answered_and_the_host_itself_asks_without_encryption(
    start_gateway: StartGateway, start_upstream: StartUpstream, encrypted: Encrypted, workers: int
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, GATEWAY_WORKERS=workers, **encrypted.variables)
    for _ in range(4):
        with encrypted.connect() as connection:
            assert connection.version() == "TLSv1.3"
            for _ in range(2):
                connection.sendall(GET)
                assert read_head(connection).startswith(b"HTTP/1.1 200")
    assert web.get(f"{gateway.url}/health").status_code == 200
    assert b"gateway_requests" in web.get(f"{gateway.url}/metrics").content


def test_nobody_else_gets_in(
    start_gateway: StartGateway, start_upstream: StartUpstream, encrypted: Encrypted, tmp_path: Path
) -> None:
    upstream = start_upstream()
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url, **encrypted.variables)
    (tmp_path / "foreign").mkdir()
    foreign = Authority(tmp_path / "foreign").issue("balancer", BALANCER)
    another = encrypted.authority.issue("another", "pg1")
    assert not encrypted.refuses(encrypted.context(encrypted.balancer))
    upstream.heads.clear()
    for context in (encrypted.context(None), encrypted.context(foreign), encrypted.context(another)):
        assert encrypted.refuses(context)
    with socket.create_connection(("127.0.0.1", encrypted.port), 5) as connection:
        connection.sendall(GET)
        assert b"HTTP" not in read_all(connection)
    assert upstream.heads == []
    assert "names nobody in GATEWAY_TLS_CLIENTS" in gateway.errors.read_text()


def test_a_new_certificate_is_taken_up_and_no_connection_is_lost(
    start_gateway: StartGateway, start_upstream: StartUpstream, encrypted: Encrypted
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, **encrypted.variables)
    with encrypted.connect() as kept:
        kept.sendall(GET)
        assert read_head(kept).startswith(b"HTTP/1.1 200")
        before, key = encrypted.serial(), encrypted.files[1].read_bytes()
        encrypted.authority.issue("gateway", "gateways")
        renewed = encrypted.files[1].read_bytes()
        encrypted.files[1].write_bytes(key)
        wait_until(lambda: "goes on with the certificate that it has" in gateway.errors.read_text(), "The look")
        assert encrypted.serial() == before
        encrypted.files[1].write_bytes(renewed)
        wait_until(lambda: encrypted.serial() != before, "The new certificate")
        kept.sendall(GET)
        assert read_head(kept).startswith(b"HTTP/1.1 200")


def test_an_answer_that_comes_before_the_whole_request_arrives(
    start_gateway: StartGateway, start_upstream: StartUpstream, encrypted: Encrypted
) -> None:
    def refuse(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(answer("413 Content Too Large", b"too large", "Connection: close"))

    start_gateway(SAMPLE_SERVICE_URL=start_upstream(refuse).url, **encrypted.variables)
    with encrypted.connect() as connection:
        connection.sendall(b"POST /api/samples HTTP/1.1\r\nHost: example.org\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(20):
            connection.sendall(bytes(50_000))
        assert read_head(connection).startswith(b"HTTP/1.1 413")


def test_after_what_is_no_request_the_connection_ends(start_gateway: StartGateway, encrypted: Encrypted) -> None:
    start_gateway(**encrypted.variables)
    for wrong in (b"BREW / HTTP/1.1\r\nHost: example.org\r\n\r\n", b"nonsense\r\n\r\n"):
        with encrypted.connect() as connection:
            connection.sendall(wrong)
            assert read_all(connection).startswith(b"HTTP/1.1 ")


def test_who_reads_slowly_makes_the_service_wait_and_gets_all(
    start_gateway: StartGateway, start_upstream: StartUpstream, encrypted: Encrypted
) -> None:
    size, sent = 50_000_000, 0

    def send(connection: socket.socket) -> None:
        nonlocal sent
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            sent += connection.send(bytes(min(65_536, size - sent)))

    start_gateway(SAMPLE_SERVICE_URL=start_upstream(send).url, **encrypted.variables)
    with encrypted.connect() as connection:
        connection.sendall(GET)
        wait_until(lambda: sent > 0, "The begin")
        seen = -1
        while seen != sent:
            seen = sent
            threading.Event().wait(0.5)
        assert sent < size / 2
        got = len(read_head(connection).partition(b"\r\n\r\n")[2])
        while got < size:
            got += len(connection.recv(1_000_000))


@pytest.fixture
def websocket_service() -> Iterator[str]:
    def greet(websocket: ServerConnection) -> None:
        websocket.send("hello")
        for message in websocket:
            websocket.send(message)

    with serve(greet, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


def test_the_end_of_the_gateway_is_told_to_websockets(
    start_gateway: StartGateway, websocket_service: str, encrypted: Encrypted
) -> None:
    gateway = start_gateway(EVENT_SERVICE_URL=websocket_service, **encrypted.variables)
    url, context = f"wss://127.0.0.1:{encrypted.port}/api/events/live", encrypted.context(encrypted.balancer)
    with connect(url, ssl=context, server_hostname="gateways") as client:
        assert client.recv(timeout=5) == "hello"
        client.send("and back")
        assert client.recv(timeout=5) == "and back"
        gateway.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
    assert gateway.process.wait(10) == 0


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log info;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream gateways {{ server 127.0.0.1:{first}; server 127.0.0.1:{second}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Connection "";
        proxy_ssl_certificate {certificate}; proxy_ssl_certificate_key {key}; proxy_ssl_verify on;
        proxy_ssl_trusted_certificate {authority}; proxy_ssl_name {name}; proxy_ssl_protocols TLSv1.3;
        location / {{ proxy_pass https://gateways; }}
    }}
}}
"""


def test_nginx_asks_gateways_by_one_name_and_loses_nothing_while_one_restarts(
    start_gateway: StartGateway, start_upstream: StartUpstream, encrypted: Encrypted, tmp_path: Path
) -> None:
    upstream, ports = start_upstream(), (encrypted.port, free_port())
    gateways = [
        start_gateway(SAMPLE_SERVICE_URL=upstream.url, **(encrypted.variables | {"GATEWAY_TLS_PORT": port}))
        for port in ports
    ]
    port, stranger = free_port(), free_port()
    processes = []
    for number, name in ((port, "gateways"), (stranger, "another-name")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "nginx.conf").write_text(
            NGINX.format(
                folder=folder, port=number, first=ports[0], second=ports[1], certificate=encrypted.balancer[0],
                key=encrypted.balancer[1], authority=encrypted.authority.file, name=name,
            )
        )  # fmt: skip
        program = find_program("nginx", "nginx-light", "/usr/sbin")
        processes.append(subprocess.Popen([program, "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL))
    try:
        wait_until(lambda: all(map(accepts, (port, stranger))), "nginx's start")
        assert web.get(f"http://127.0.0.1:{stranger}/api/samples/1").status_code == 502
        statuses: list[int] = []
        ended = threading.Event()

        def keep_asking() -> None:
            while not ended.is_set():
                statuses.append(web.get(f"http://127.0.0.1:{port}/api/samples/1", timeout=20).status_code)

        asking = threading.Thread(target=keep_asking)
        asking.start()
        wait_until(lambda: len(statuses) > 20, "The answers")
        assert gateways[0].stop() == 0
        before = len(statuses)
        wait_until(lambda: len(statuses) > before + 20, "The answers")
        ended.set()
        asking.join()
        assert set(statuses) == {200}
    finally:
        for process in processes:
            stop(process)


def started_by_systemd(listeners: Sequence[socket.socket], **variables: Any) -> "subprocess.Popen[bytes]":
    """Start a gateway as systemd does for a socket unit that listens at several ports."""

    def hand_over() -> None:
        for number, listener in enumerate(listeners):
            os.dup2(listener.fileno(), 3 + number)

    return subprocess.Popen(
        ["/bin/sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS={len(listeners)} exec {sys.executable} -m tracseq_gateway"],
        env=environment(**variables),
        pass_fds=range(3, 3 + len(listeners)),
        preexec_fn=hand_over,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_restart_behind_handed_over_sockets_refuses_no_balancer(
    start_upstream: StartUpstream, encrypted: Encrypted, tmp_path: Path, workers: int
) -> None:
    with ExitStack() as stack:
        # Those that are duplicated must not be among the numbers that they get.
        spare = [stack.enter_context(socket.socket()) for _ in range(4)]
        plain = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        address = ("127.0.0.1", encrypted.port)
        listeners = [plain, stack.enter_context(socket.create_server(address, backlog=512))]
        assert spare
        variables = encrypted.variables | {
            "SAMPLE_SERVICE_URL": start_upstream().url,
            "GATEWAY_PORT": plain.getsockname()[1],
            "GATEWAY_WORKERS": workers,
            "GATEWAY_STATE_DIRECTORY": tmp_path / "state",
        }
        process = started_by_systemd(listeners, **variables)
        answers: list[bytes] = []
        ended = threading.Event()

        def keep_asking() -> None:
            while not ended.is_set():
                with encrypted.connect() as connection:
                    connection.sendall(GET)
                    answers.append(read_head(connection)[:12])

        asking = threading.Thread(target=keep_asking)
        asking.start()
        for _ in range(3):
            before = len(answers)
            wait_until(lambda before=before: len(answers) > before + 20, "The answers")  # type: ignore[misc]
            assert stop(process) == 0
            process = started_by_systemd(listeners, **variables)
        before = len(answers)
        wait_until(lambda: len(answers) > before + 20, "The answers")
        ended.set()
        asking.join()
        assert stop(process) == 0
        assert set(answers) == {b"HTTP/1.1 200"}


def test_what_is_missing_or_wrong_is_told(encrypted: Encrypted, tmp_path: Path) -> None:
    variables = encrypted.variables | {"GATEWAY_TLS_KEY": "", "GATEWAY_TLS_CLIENTS": ""}
    variables["GATEWAY_TLS_AUTHORITY"] = tmp_path / "nothing"
    gateway = GatewayProcess(tmp_path, **variables)
    assert gateway.process.wait(20) == 1
    said = gateway.errors.read_text()
    assert "GATEWAY_TLS_KEY is wrong: GATEWAY_TLS_PORT is set, which needs it" in said
    assert "GATEWAY_TLS_CLIENTS is wrong: GATEWAY_TLS_PORT is set, which needs it" in said
    assert f"{tmp_path}/nothing cannot be read" in said
