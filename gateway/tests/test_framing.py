"""What passes through unchanged: lengths, chunks, trailers, interim answers, pipelines (RFC 9112)."""

import socket
import threading

import pytest

from conftest import StartGateway, StartUpstream
from support.gateway import GatewayProcess, read_all
from support.upstreams import answer, read_head


@pytest.fixture
def talk(start_gateway: StartGateway, start_upstream: StartUpstream):  # type: ignore[no-untyped-def]
    """Return a function that runs a gateway before a service with the given conversation."""

    def run(conversation):  # type: ignore[no-untyped-def]
        return start_gateway(SAMPLE_SERVICE_URL=start_upstream(conversation).url)

    return run


def exchange(gateway: GatewayProcess, request: bytes) -> tuple[bytes, bytes]:
    """Send a request that closes its connection and return the answer's head and body."""
    head, _, body = gateway.send(request).partition(b"\r\n\r\n")
    return head.lower(), body


GET = b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"


def test_a_chunked_answer_stays_chunked_and_its_trailers_come_when_wanted(talk) -> None:  # type: ignore[no-untyped-def]
    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest, X-User-ID\r\n\r\n")
        connection.sendall(b"3\r\nabc\r\n2\r\nde\r\n0\r\nDigest: x\r\nX-User-ID: root\r\n\r\n")

    gateway = talk(conversation)
    head, body = exchange(gateway, GET)
    assert b"transfer-encoding: chunked" in head
    assert body == b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    wanted = GET.replace(b"close\r\n", b"close, te\r\nTE: trailers\r\n")
    assert exchange(gateway, wanted)[1].endswith(b"0\r\nDigest: x\r\n\r\n")


def test_an_answer_that_ends_with_its_connection_gets_chunks_or_a_close(talk) -> None:  # type: ignore[no-untyped-def]
    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")

    gateway = talk(conversation)
    assert exchange(gateway, GET)[1] == b"d\r\nuntil the end\r\n0\r\n\r\n"
    head, body = exchange(gateway, b"GET /api/samples/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert body == b"until the end"
    assert b"connection: close" in head
    assert b"transfer-encoding" not in head


def test_head_and_304_have_no_body_and_the_connection_goes_on(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    upstream = start_upstream()
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    with gateway.connect() as connection:
        for method, reply in (
            (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
            (b"HEAD", b"HTTP/1.1 200 OK\r\n\r\n"),
            (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
            (b"DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ):
            upstream.reply = reply
            connection.sendall(method + b" /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
            head = read_head(connection).lower()
            assert head.endswith(b"\r\n\r\n")
            assert b"close" not in head
            assert (b"content-length: 1000" in head) == (b"1000" in reply)
    assert upstream.connections == 1


def test_pipelined_requests_are_answered_in_order(talk) -> None:  # type: ignore[no-untyped-def]
    def conversation(connection: socket.socket) -> None:
        while head := read_head(connection):
            connection.sendall(answer(body=head.split(b" ")[1]))

    requests = b"".join(
        b"GET /api/samples/%d HTTP/1.1\r\nHost: example.org\r\n%b\r\n"
        % (number, b"Connection: close\r\n" if number == 49 else b"")
        for number in range(50)
    )
    reply = talk(conversation).send(requests)
    assert [int(part.split(b"HTTP")[0]) for part in reply.split(b"\r\n\r\n/")[1:]] == list(range(50))


def test_request_chunks_pass_and_their_trailers_do_not(talk) -> None:  # type: ignore[no-untyped-def]
    bodies: list[bytes] = []

    def conversation(connection: socket.socket) -> None:
        data = read_head(connection)
        while not data.endswith(b"0\r\n\r\n"):
            piece = connection.recv(65536)
            assert piece
            data += piece
        bodies.append(data)
        connection.sendall(answer())

    gateway = talk(conversation)
    with gateway.connect() as connection:
        connection.sendall(
            b"POST /api/samples HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n"
        )
        connection.sendall(b"0\r\nX-User-ID: root\r\nAuthorization: x\r\n\r\n")
        assert read_head(connection).startswith(b"HTTP/1.1 200")
        head, _, body = bodies[0].partition(b"\r\n\r\n")
        assert body == b"3\r\nabc\r\n0\r\n\r\n"
        assert b"root" not in head
        # What the trailers said is no part of the next request.
        connection.sendall(b"GET /api/nowhere HTTP/1.1\r\nHost: example.org\r\n\r\n")
        assert read_head(connection).startswith(b"HTTP/1.1 404")


def test_100_continue_comes_from_the_service(talk) -> None:  # type: ignore[no-untyped-def]
    def conversation(connection: socket.socket) -> None:
        while head := read_head(connection).lower():
            assert b"expect: 100-continue" in head
            if b"/refused" in head:
                connection.sendall(answer("401 Unauthorized"))
                continue
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(answer(body=connection.recv(100)))

    gateway = talk(conversation)
    request = b"POST /api/samples/%b HTTP/1.1\r\nHost: example.org\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    with gateway.connect() as connection:
        connection.sendall(request % b"taken")
        assert read_head(connection) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"data")
        assert read_head(connection).endswith(b"data")
        connection.sendall(request % b"refused")
        reply = read_all(connection)
        assert reply.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in reply


def test_early_hints_pass_but_not_to_http_1_0(talk) -> None:  # type: ignore[no-untyped-def]
    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" + answer(body=b"ok"))

    gateway = talk(conversation)
    reply = gateway.send(GET)
    assert reply.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert gateway.send(b"GET /api/samples/1 HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_answer_before_the_body_is_whole_reaches_the_client(talk) -> None:  # type: ignore[no-untyped-def]
    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(answer("413 Content Too Large", b"too large"))

    gateway = talk(conversation)
    with gateway.connect() as connection:
        connection.sendall(b"POST /api/samples HTTP/1.1\r\nHost: example.org\r\nContent-Length: 50000000\r\n\r\n")
        connection.sendall(b"x" * 300_000)
        reply = read_all(connection)
    assert reply.startswith(b"HTTP/1.1 413")
    assert reply.endswith(b"too large")


def test_a_connection_the_service_has_closed_is_not_taken_for_a_failure(talk) -> None:  # type: ignore[no-untyped-def]
    seen = threading.Barrier(2)

    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(answer())
        # The second request meets a server that closes just as it arrives.
        if read_head(connection):
            seen.wait(10)

    gateway = talk(conversation)
    with gateway.connect() as connection:
        connection.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        assert read_head(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /api/samples/2 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        seen.wait(10)
        assert read_head(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(b"POST /api/samples HTTP/1.1\r\nHost: example.org\r\nContent-Length: 2\r\n\r\n{}")
        seen.wait(10)
        assert read_head(connection).startswith(b"HTTP/1.1 502")


def test_an_upgrade_the_gateway_does_not_know_is_an_ordinary_request(talk) -> None:  # type: ignore[no-untyped-def]
    def conversation(connection: socket.socket) -> None:
        while data := read_head(connection):
            head, _, body = data.partition(b"\r\n\r\n")
            assert b"upgrade" not in head.lower()
            while b"post" in head.lower() and len(body) < 4:
                body += connection.recv(4)
            connection.sendall(answer(body=body or b"empty"))

    upgrade = b"Host: example.org\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    gateway = talk(conversation)
    with gateway.connect() as connection:
        connection.sendall(b"POST /api/samples HTTP/1.1\r\n" + upgrade + b"Content-Length: 4\r\n\r\nGET ")
        assert read_head(connection).endswith(b"GET ")
        connection.sendall(b"GET /api/samples HTTP/1.1\r\n" + upgrade + b"\r\n" + GET[:9])
        assert read_head(connection).endswith(b"empty")
        connection.sendall(GET[9:])
        assert read_all(connection).count(b"empty") == 1


def test_a_request_before_a_malformed_one_is_still_answered(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    upstream = start_upstream()
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    good = b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n"
    for malformed in (b"nonsense\r\n\r\n", good.replace(b"Host", b"Content-Length: x\r\nHost")):
        assert gateway.send(good + malformed + good).count(b"HTTP/1.1 200") == 1
    assert len(upstream.heads) == 2


def test_refusals_of_thousands_of_pipelined_requests_come_one_by_one(start_gateway: StartGateway) -> None:
    gateway = start_gateway(PUBLIC_ROUTES="")
    count = 3000
    request = b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n"
    reply = gateway.send(request * (count - 1) + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert reply.count(b"HTTP/1.1 401") == count


def test_a_small_body_travels_with_its_head(talk) -> None:  # type: ignore[no-untyped-def]
    pieces: list[bytes] = []

    def conversation(connection: socket.socket) -> None:
        while piece := connection.recv(65536):
            pieces.append(piece)
            connection.sendall(answer())

    gateway = talk(conversation)
    head = b"POST /api/samples HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n"
    assert gateway.send(head + b"Content-Length: 5\r\n\r\nabcde").endswith(b"{}")
    assert gateway.send(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n").endswith(b"{}")
    assert [piece.partition(b"\r\n\r\n")[2] for piece in pieces] == [b"abcde", b"5\r\nabcde\r\n0\r\n\r\n"]
