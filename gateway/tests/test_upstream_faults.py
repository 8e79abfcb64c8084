"""Services that hang, close midway, send nonsense, or are not there at all."""

import socket
import threading
import time

import httpx
import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.processes import free_port, wait_until
from support.resets import reset_when_closed
from support.upstreams import Upstream, answer, read_head, read_request


def test_a_service_that_is_not_there_is_told_as_502(start_gateway: StartGateway) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=f"http://127.0.0.1:{free_port()}")
    response = web.get(f"{gateway.url}/api/samples/1")
    assert response.status_code == 502
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_a_service_that_hangs_is_told_as_504(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.recv(1)

    gateway = start_gateway(
        SAMPLE_SERVICE_URL=start_upstream(conversation).url, UPSTREAM_RESPONSE_TIMEOUT=0.3, UPSTREAM_ATTEMPTS=1
    )
    assert web.get(f"{gateway.url}/api/samples/1").status_code == 504


@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_cut_midway_is_seen_as_cut(
    start_gateway: StartGateway, start_upstream: StartUpstream, reset: bool
) -> None:
    def conversation(connection: socket.socket) -> None:
        head = read_head(connection)
        framing = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        if b"/length" in head:
            framing = b"Content-Length: 100\r\n\r\nhello"
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + framing)
        if reset:
            time.sleep(0.05)
            reset_when_closed(connection)

    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream(conversation).url)
    for path in ("length", "chunks"):
        with pytest.raises(httpx.RemoteProtocolError):
            web.get(f"{gateway.url}/api/samples/{path}")


NONSENSE = [
    b"220 mail.example.org ESMTP\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\nY\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"ICE/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"",
]


def test_nonsense_is_told_as_502(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    upstream = start_upstream()
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url, CIRCUIT_BREAKER_FAILURE_THRESHOLD=1000)
    statuses = {}
    for reply in NONSENSE:

        def conversation(connection: socket.socket, reply: bytes = reply) -> None:
            read_head(connection)
            connection.sendall(reply)

        upstream._conversation = conversation
        statuses[reply[:60]] = web.post(f"{gateway.url}/api/samples", content=b"{}").status_code
    assert set(statuses.values()) == {502}, statuses


FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


STATUSES = [b"000 X", b"099 X", b"100 X", b"102 X", b"103 X", b"104 X", b"199 X"]
FRAMINGS = [
    b"Content-Length: %d\r\n\r\n%b",
    b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n",
]


def test_an_interim_answer_with_content_is_no_answer(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    """RFC 9110, 15.2 and RFC 9112, 6.3: a 1xx answer ends with its head; 100 is the least status."""
    upstream = start_upstream()
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, UPSTREAM_ATTEMPTS=1, CIRCUIT_BREAKER_FAILURE_THRESHOLD=1000
    )
    replies = [
        b"HTTP/1.1 " + status + b"\r\n" + framing % (len(FORGED), FORGED) + answer(body=b"true")
        for status in STATUSES
        for framing in FRAMINGS
    ]
    with gateway.connect() as connection:
        for number, upstream.reply in enumerate(replies):
            connection.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
            reply = read_head(connection)
            assert reply.startswith(b"HTTP/1.1 502"), upstream.reply
            assert b"forged" not in reply
            assert upstream.connections == number + 1, "the connection is not used again"


def test_an_interim_answer_that_is_not_known_passes(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    """RFC 9110, 15.2: a proxy must forward 1xx answers."""
    upstream = start_upstream()
    upstream.reply = b"HTTP/1.1 104 Upload Resumption Supported\r\nX-A: 1\r\n\r\n" + answer(body=b"true")
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    reply = gateway.send(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 104 Upload Resumption Supported\r\nX-A: 1\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert reply.endswith(b"true")


def test_bytes_nobody_asked_for_are_no_answer_to_the_next(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    upstream = start_upstream()
    upstream.reply = answer(body=b"first") + answer(body=b"poison")
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    with httpx.Client() as client:
        for _ in range(3):
            assert client.get(f"{gateway.url}/api/samples/1").content == b"first"
    assert upstream.connections == 3


def test_reads_are_tried_again_elsewhere_and_writes_are_not(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    requests: list[bytes] = []
    lock = threading.Lock()

    def unwell(connection: socket.socket) -> None:
        while head := read_request(connection):
            with lock:
                requests.append(head.split(b" ")[0])
            connection.sendall(answer("503 Service Unavailable"))

    well = start_upstream()
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=f"{start_upstream(unwell).url},{well.url}", CIRCUIT_BREAKER_FAILURE_THRESHOLD=1000
    )
    for _ in range(4):
        assert web.get(f"{gateway.url}/api/samples/1").status_code == 200
    assert b"GET" in requests
    statuses = [web.post(f"{gateway.url}/api/samples", json={}).status_code for _ in range(4)]
    assert statuses.count(503) == requests.count(b"POST") == 2


def test_writes_go_elsewhere_when_a_server_was_never_reached(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    gone = f"http://127.0.0.1:{free_port()}"

    def conversation(connection: socket.socket) -> None:
        while data := read_head(connection):
            while not data.endswith(b'{"a":1}'):
                data += connection.recv(100)
            connection.sendall(answer(body=b"taken"))

    gateway = start_gateway(SAMPLE_SERVICE_URL=f"{gone},{start_upstream(conversation).url}")
    for _ in range(4):
        assert web.post(f"{gateway.url}/api/samples", json={"a": 1}).content == b"taken"


def test_the_server_with_fewer_requests_under_way_gets_the_next(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    go_on = threading.Event()

    def busy(connection: socket.socket) -> None:
        read_head(connection)
        go_on.wait(10)
        connection.sendall(answer(body=b"busy"))

    free: Upstream = start_upstream()
    slow: Upstream = start_upstream(busy)
    gateway = start_gateway(SAMPLE_SERVICE_URL=f"{slow.url},{free.url}")
    with gateway.connect() as first, gateway.connect() as second:
        for connection in (first, second):
            connection.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        wait_until(lambda: slow.connections == 1 and len(free.heads) == 1, "One request on each server")
        for _ in range(6):
            assert web.get(f"{gateway.url}/api/samples/1").content == b"{}"
        go_on.set()
    assert slow.connections == 1
