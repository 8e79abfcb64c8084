"""Health probes: they share nothing with requests, neither connections nor the limit on them."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from conftest import StartGateway, StartUpstream
from support import web
from support.processes import wait_until
from support.upstreams import Upstream, answer, read_head, read_request

CLIENTS = 12
SECONDS = 2.5


class StubbornUpstream(Upstream):
    """A service that keeps the connection of each probe open, whatever the probe says about it."""

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while head := read_request(connection):
                self.heads.append(head)
                connection.sendall(answer())


def test_no_request_is_sent_on_a_probes_connection(start_gateway: StartGateway) -> None:
    upstream = StubbornUpstream()
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, HEALTH_CHECK_INTERVAL=0.01, UPSTREAM_KEEP_ALIVE_TIMEOUT=0.05
    )
    end = time.monotonic() + SECONDS

    def keep_asking(number: int) -> int:
        asked = 0
        with httpx.Client(timeout=5) as client:
            while time.monotonic() < end:
                assert client.get(f"{gateway.url}/api/samples/{number}").status_code == 200
                asked += 1
        return asked

    with ThreadPoolExecutor(CLIENTS) as threads:
        assert all(threads.map(keep_asking, range(CLIENTS)))
    upstream.close()


def test_a_server_whose_connections_are_all_busy_is_still_well(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    go_on = threading.Event()

    def busy(connection: socket.socket) -> None:
        read_head(connection)
        go_on.wait(20)
        connection.sendall(answer(body=b"late"))

    upstream = start_upstream(busy)
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        UPSTREAM_MAX_CONNECTIONS=2,
        UPSTREAM_CONNECT_TIMEOUT=0.2,
        HEALTH_CHECK_INTERVAL=0.1,
    )
    connections = [gateway.connect() for _ in range(2)]
    for connection in connections:
        connection.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
    wait_until(lambda: upstream.connections == 2, "Two requests under way")
    time.sleep(1)
    servers = web.get(f"{gateway.url}/health/detailed").json()["services"]["sample"]["servers"]
    assert [server["healthy"] for server in servers] == [True]
    assert "not well" not in gateway.errors.read_text()
    go_on.set()
    for connection in connections:
        assert read_head(connection).endswith(b"late")
        connection.close()
