"""Clauses of RFC 9110 (HTTP Semantics) and RFC 9112 (HTTP/1.1) that a gateway is bound by."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.gateway import GatewayProcess, read_all
from support.tokens import bearer
from support.upstreams import Upstream, answer, read_head


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayProcess, Upstream]]:
    """A gateway before one service, for all tests here: each is a few requests."""
    upstream = Upstream()
    gateway = GatewayProcess(
        tmp_path_factory.mktemp("gateway"),
        SAMPLE_SERVICE_URL=upstream.url,
        CIRCUIT_BREAKER_FAILURE_THRESHOLD=1000,
        UPSTREAM_KEEP_ALIVE_TIMEOUT=60,
    ).wait()
    yield gateway, upstream
    gateway.stop()
    upstream.close()
    assert "Traceback" not in gateway.errors.read_text()


@pytest.fixture
def upstream(shared: tuple[GatewayProcess, Upstream]) -> Upstream:
    upstream = shared[1]
    upstream.heads.clear()
    upstream.reply = answer()
    return upstream


@pytest.fixture
def gateway(shared: tuple[GatewayProcess, Upstream], upstream: Upstream) -> GatewayProcess:
    return shared[0]


def request(line: str, *fields: str) -> bytes:
    return "\r\n".join([line, *(fields or ("Host: example.org",)), "Connection: close", "", ""]).encode()


def fields_of(head: bytes) -> dict[str, str]:
    lines = head.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("size", [7, 1000])
def test_other_protocols_are_not_forwarded_as_http(gateway: GatewayProcess, upstream: Upstream, size: int) -> None:
    """RFC 9112, 2.3: HTTP-version is "HTTP/" and two digits."""
    good = b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n"
    for line in ("SOURCE /api/samples/1 ICE/1.0", "GET /api/samples/1 RTSP/1.0", "GET /api/samples/1 RTSP/1.1"):
        for before in (b"", good):
            data = before + request(line)
            with gateway.connect() as connection:
                for start in range(0, len(data), size):
                    connection.sendall(data[start : start + size])
                reply = read_all(connection)
            assert reply.startswith(b"HTTP/1.1 200" if before else b"HTTP/1.1 400")
            assert reply.count(b"HTTP/1.1 200") == bool(before)
    assert len(upstream.heads) == 3


@pytest.mark.parametrize("in_body", [False, True])
def test_another_protocols_line_is_not_taken_for_one_that_came_before_it(
    gateway: GatewayProcess, upstream: Upstream, in_body: bool
) -> None:
    """RFC 9112, 2.3, where one read holds a whole request and the beginning of the next."""
    before = b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n"
    if in_body:
        body = b"\n" + before + bytes(200)
        before = b"PUT /api/samples/2 HTTP/1.1\r\nHost: example.org\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with gateway.connect() as connection:
        connection.sendall(before + b"GET /api/sam")
        assert read_head(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(b"ples/1 RTSP/1.0\r\nHost: example.org\r\n\r\n")
        assert b"HTTP/1.1 400" in read_all(connection)
    assert len(upstream.heads) == 1


def test_a_later_minor_version_is_read_as_the_latest_known(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9110, 2.5: a message of a higher minor version is processed as one of the highest known."""
    assert gateway.send(request("GET /api/samples/1 HTTP/1.2")).startswith(b"HTTP/1.1 200")
    assert upstream.heads[0].startswith(b"GET /1 HTTP/1.1\r\n")
    upstream.reply = answer().replace(b"HTTP/1.1", b"HTTP/1.2")
    assert gateway.send(request("GET /api/samples/1 HTTP/1.1")).startswith(b"HTTP/1.1 200")
    for version in ("2.0", "0.9", "3.7"):
        assert gateway.send(request(f"GET /api/samples/1 HTTP/{version}")).startswith(b"HTTP/1.1 505")


def test_the_host_of_the_target_wins(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9112, 3.2.2: of a target in absolute form the host counts, and the Host field does not."""
    for target, path in (
        ("http://lab.example.org:8080/api/samples/1?a=1", b"/1?a=1"),
        ("HTTP://lab.example.org:8080/api/samples/1", b"/1"),
    ):
        assert gateway.send(request(f"GET {target} HTTP/1.1")).startswith(b"HTTP/1.1 200")
        assert upstream.heads[-1].startswith(b"GET %b HTTP/1.1\r\n" % path)
        assert fields_of(upstream.heads[-1])["x-forwarded-host"] == "lab.example.org:8080"


@pytest.mark.parametrize(
    "target",
    ["http://user@example.org/api/samples/1", "http://a:b@example.org/api/samples/1", "http:///api/samples/1",
     "http://:80/api/samples/1", "ftp://example.org/api/samples/1", "api/samples/1"],
)  # fmt: skip
def test_targets_with_userinfo_or_without_a_host_are_refused(gateway: GatewayProcess, target: str) -> None:
    """RFC 9110, 4.2.4 (userinfo is an error) and 4.2.1 (an empty host is invalid)."""
    assert gateway.send(request(f"GET {target} HTTP/1.1")).startswith(b"HTTP/1.1 400")


def test_a_host_field_is_a_host_and_a_port(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9112, 3.2: a request whose Host field has an invalid value is answered with 400."""
    for host in ("a\tb", "a b", "user@a", "a/b", "a:b", "a,b c", "[::1", "a:123456", "a?b", 'a"b'):
        reply = gateway.send(request("GET /api/samples/1 HTTP/1.1", f"Host: {host}"))
        assert reply.startswith(b"HTTP/1.1 400"), host
    for host in ("example.org", "example.org:80", "[::1]:80", "192.0.2.1", "", " example.org\t ", "a:"):
        reply = gateway.send(request("GET /api/samples/1 HTTP/1.1", f"Host: {host}"))
        assert reply.startswith(b"HTTP/1.1 200"), host
    assert len(upstream.heads) == 7


def test_space_around_a_length_is_no_part_of_it(gateway: GatewayProcess) -> None:
    """RFC 9112, 5: optional whitespace around a field's value is no part of the value."""
    for length in ("3 ", "3\t ", "  3"):
        data = request("POST /api/samples HTTP/1.1", "Host: example.org", f"Content-Length: {length}") + b"abc"
        assert gateway.send(data).startswith(b"HTTP/1.1 200"), length


def test_trace_reaches_no_service(start_gateway: StartGateway, upstream: Upstream) -> None:
    """RFC 9110, 9.3.8 (a service would send credentials back) and 15.5.6 (405 says what is allowed)."""
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url, PUBLIC_ROUTES="")
    for headers in ({}, bearer(), bearer() | {"Max-Forwards": "3"}):
        reply = web.request("TRACE", f"{gateway.url}/api/samples/1", headers=headers)
        assert reply.status_code == 405
        assert "TRACE" not in reply.headers["allow"]
        assert "GET" in reply.headers["allow"]
    assert not upstream.heads


def test_max_forwards_is_heeded(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9110, 7.6.2: OPTIONS with 0 goes no further, otherwise with one less; others are not concerned."""
    url = f"{gateway.url}/api/samples/1"
    last = web.options(url, headers={"Max-Forwards": "0"})
    assert (last.status_code, last.content) == (204, b"")
    assert "GET" in last.headers["allow"]
    assert not upstream.heads
    for method, value in (("OPTIONS", "5"), ("OPTIONS", "1"), ("GET", "0"), ("OPTIONS", "x")):
        assert web.request(method, url, headers={"Max-Forwards": value}).status_code == 200
    assert [fields_of(head)["max-forwards"] for head in upstream.heads] == ["4", "0", "0", "x"]


def test_options_for_the_whole_gateway_is_answered(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9110, 9.3.7 and RFC 9112, 3.2.4: the asterisk form."""
    for target in ("*", "http://example.org"):
        reply = gateway.send(request(f"OPTIONS {target} HTTP/1.1"))
        assert reply.startswith(b"HTTP/1.1 204")
        assert b"\r\nallow: GET, " in reply
    assert not upstream.heads


def test_via_tells_of_the_gateway(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9110, 7.6.3: the version of the message as it was received, behind what stands there already."""
    gateway.send(request("GET /api/samples/1 HTTP/1.1"))
    gateway.send(request("GET /api/samples/1 HTTP/1.0"))
    reply = gateway.send(request("GET /api/samples/1 HTTP/1.1", "Host: a", "Via: 1.0 edge"))
    assert fields_of(upstream.heads[0])["via"] == "1.1 tracseq-gateway"
    assert fields_of(upstream.heads[1])["via"] == "1.0 tracseq-gateway"
    assert b"Via: 1.0 edge".lower() in upstream.heads[2].lower().partition(b"via: 1.1 tracseq-gateway")[0]
    assert fields_of(reply)["via"] == "1.1 tracseq-gateway"
    upstream.reply = answer().replace(b"HTTP/1.1", b"HTTP/1.0")
    assert fields_of(gateway.send(request("GET /api/samples/1 HTTP/1.1")))["via"] == "1.0 tracseq-gateway"


def test_every_answer_has_a_date(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9110, 6.6.1: on answers of one's own, and on those that come without one."""
    begin = datetime.now(UTC).replace(microsecond=0)
    for path in ("/health", "/nowhere", "/api/nowhere", "/api/samples/../x", "/api/samples/1"):
        reply = fields_of(gateway.send(request(f"GET {path} HTTP/1.1")))
        assert begin <= parsedate_to_datetime(reply["date"]) <= datetime.now(UTC), path
    assert "date" in fields_of(gateway.send(b"nonsense\r\n\r\n"))
    upstream.reply = answer("200 OK", b"{}", "Date: Sun, 06 Nov 1994 08:49:37 GMT")
    reply = gateway.send(request("GET /api/samples/1 HTTP/1.1"))
    assert reply.lower().count(b"\r\ndate: ") == 1
    assert fields_of(reply)["date"] == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_a_bad_first_chunk_is_a_bad_answer(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9110, 15.6.3: an invalid answer is told as 502, as long as nothing of it was sent."""
    upstream.reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"
    for method in ("GET", "POST"):
        reply = web.request(method, f"{gateway.url}/api/samples/1")
        assert reply.status_code == 502
        assert reply.json()["status"] == 502


def test_a_cut_answer_is_not_whole_to_http_1_0_either(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    """RFC 9112, 8: where the connection's end is the answer's, a cut one must not end in good order."""

    def cut(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        read_head(connection)

    service = start_upstream(cut)
    gateway = start_gateway(SAMPLE_SERVICE_URL=service.url, UPSTREAM_IDLE_TIMEOUT=0.5)
    with gateway.connect() as connection:
        connection.sendall(b"GET /api/samples/1 HTTP/1.0\r\n\r\n")
        assert read_head(connection).endswith(b"\r\n\r\nabc")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_chunks_in_an_answer_of_http_1_0_end_its_connection(gateway: GatewayProcess, upstream: Upstream) -> None:
    """RFC 9112, 6.1: its framing is taken for faulty, so that nothing after it is believed."""
    upstream.reply = (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )
    assert web.get(f"{gateway.url}/api/samples/1").content == b"ok"
    before = upstream.connections
    for number in range(2):
        assert web.get(f"{gateway.url}/api/samples/1").content == b"ok"
        assert upstream.connections == before + number + 1
