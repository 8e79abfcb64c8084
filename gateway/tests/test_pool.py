"""The connections to a service: in order, within their limit, and free again."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from conftest import StartGateway, StartUpstream
from support import web
from support.gateway import read_all
from support.kernel import descriptors
from support.processes import wait_until
from support.upstreams import answer, read_head

UPLOADS = 30


def test_uploads_to_a_server_that_never_reads_are_aborted_and_freed(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    ended = threading.Event()

    def never_read(connection: socket.socket) -> None:
        ended.wait(40)

    gateway = start_gateway(
        STORAGE_SERVICE_URL=start_upstream(never_read).url,
        UPSTREAM_RESPONSE_TIMEOUT=1,
        CIRCUIT_BREAKER_FAILURE_THRESHOLD=1000,
    )
    web.get(f"{gateway.url}/health")
    before = descriptors(gateway.process.pid)

    def upload(number: int) -> bytes:
        with gateway.connect() as connection:
            connection.settimeout(20)
            connection.sendall(b"PUT /api/storage/1 HTTP/1.1\r\nHost: example.org\r\nContent-Length: 50000000\r\n\r\n")
            sender = threading.Thread(target=_send_until_cut, args=(connection,))
            sender.start()
            reply = read_all(connection)
            sender.join()
            return reply

    with ThreadPoolExecutor(UPLOADS) as threads:
        replies = list(threads.map(upload, range(UPLOADS)))
    assert {reply[:12] for reply in replies} == {b"HTTP/1.1 504"}
    wait_until(lambda: descriptors(gateway.process.pid) <= before, "The end of the connections")
    text = web.get(f"{gateway.url}/metrics").text
    assert 'gateway_upstream_connections{service="storage"} 0.0' in text
    assert f'gateway_upstream_errors_total{{cause="response-timeout",service="storage"}} {UPLOADS}.0' in text
    ended.set()


def _send_until_cut(connection: socket.socket) -> None:
    try:
        for _ in range(800):
            connection.sendall(bytes(65_536))
    except OSError:
        return


def test_who_asked_first_is_served_first(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    go_on = threading.Event()
    order: list[bytes] = []

    def one_by_one(connection: socket.socket) -> None:
        order.append(read_head(connection).split(b" ")[1])
        go_on.wait(20)
        connection.sendall(answer("200 OK", b"{}", "Connection: close"))

    gateway = start_gateway(
        SAMPLE_SERVICE_URL=start_upstream(one_by_one).url, UPSTREAM_MAX_CONNECTIONS=1, UPSTREAM_CONNECT_TIMEOUT=20
    )
    connections = [gateway.connect() for _ in range(10)]
    for number, connection in enumerate(connections):
        connection.sendall(b"GET /api/samples/%d HTTP/1.1\r\nHost: example.org\r\n\r\n" % number)
        wait_until(lambda expected=number: _under_way(gateway.url) > expected, "The request's turn")  # type: ignore[misc]
    go_on.set()
    for connection in connections:
        assert read_head(connection).startswith(b"HTTP/1.1 200")
        connection.close()
    assert order == [b"/%d" % number for number in range(10)]


def test_a_request_waits_for_a_connection_no_longer_than_one_deadline(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    # A connection that comes free now and then must not give those who wait their time anew.
    def slowly(connection: socket.socket) -> None:
        read_head(connection)
        time.sleep(0.4)
        connection.sendall(answer("200 OK", b"{}", "Connection: close"))

    gateway = start_gateway(
        SAMPLE_SERVICE_URL=start_upstream(slowly).url, UPSTREAM_MAX_CONNECTIONS=1, UPSTREAM_CONNECT_TIMEOUT=1
    )

    def ask(number: int) -> int:
        return web.get(f"{gateway.url}/api/samples/{number}", timeout=30).status_code

    with ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(ask, range(12)))
    refused = statuses.count(503)
    assert refused > 6, "one connection serves two or three requests in a deadline, and no more are waited for"


def _under_way(url: str) -> int:
    return int(web.get(f"{url}/health/detailed").json()["services"]["sample"]["in_flight"])
