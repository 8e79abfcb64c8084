"""Every byte that leaves the gateway, on either side, is read by h11, a strict parser that is not ours.

Whatever a client sends: the service gets requests that h11 takes, and the client gets answers
that h11 takes, whole and with nothing after the last. Whatever a service sends: the client gets
what h11 reads in it, or an error, or an answer that is seen to be cut.
"""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.gateway import GatewayProcess
from support.reader import Answer, Cut, NotHttp, ReadingService, read_answer, read_answers
from support.upstreams import Upstream, answer
from test_smuggling import OVERSIZED, REFUSED
from test_upstream_faults import NONSENSE

LAST = b"GET /api/samples/last HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
AT_ONCE = 60


@pytest.fixture(scope="module")
def service() -> ReadingService:
    return ReadingService()


@pytest.fixture(scope="module")
def gateway(service: ReadingService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    upstream = Upstream(service.serve)
    gateway = GatewayProcess(
        tmp_path_factory.mktemp("gateway"),
        SAMPLE_SERVICE_URL=upstream.url,
        CLIENT_IDLE_TIMEOUT=0.3,
        CLIENT_HEADER_TIMEOUT=0.3,
        CLIENT_KEEP_ALIVE_TIMEOUT=0.3,
        UPSTREAM_RESPONSE_TIMEOUT=2,
        UPSTREAM_IDLE_TIMEOUT=0.3,
        UPSTREAM_ATTEMPTS=1,
        CIRCUIT_BREAKER_FAILURE_THRESHOLD=1_000_000,
        ENABLE_ACCESS_LOG="false",
    ).wait()
    yield gateway
    gateway.stop()
    upstream.close()
    assert "Traceback" not in gateway.errors.read_text()


def send_all(gateway: GatewayProcess, streams: list[bytes]) -> list[bytes]:
    """Send each stream over a connection of its own, all at once, and return what came back."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(gateway.connect()) for _ in streams]
        for connection, stream in zip(connections, streams, strict=True):
            with contextlib.suppress(OSError):
                connection.sendall(stream)
        return [_read_until_the_end(connection) for connection in connections]


def _read_until_the_end(connection: socket.socket) -> bytes:
    data = b""
    connection.settimeout(20)
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            data += piece
    return data


METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"get", b"G\tT"]
TARGETS = [
    b"/api/samples/1", b"/api/samples?a=%20b", b"http://example.org/api/samples/1", b"*", b"/x y", b"//",
    b"/api/samples/\x80",
]  # fmt: skip
LINES = [
    b"Content-Length: 5", b"Content-Length: 5 ", b"Content-Length: +5", b"Content-Length: 5, 5", b"Content-Length: 0",
    b"Content-Length: 05", b"Content-Length:", b"content-length: 7", b"Content-Length: 18446744073709551621",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked ", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity", b"Transfer-Encoding:\tchunked", b"Transfer_Encoding: chunked",
    b"Transfer-Encoding : chunked", b"Transfer-Encoding: chunked, chunked", b"Connection: keep-alive, Content-Length",
    b"Connection: Transfer-Encoding", b"Connection: upgrade", b"Upgrade: h2c", b"Upgrade: websocket", b"TE: trailers",
    b"Expect: 100-continue", b"Trailer: X", b" folded: x", b"X: a\x00b", b"X: a\rb", b"X\x00: a", b": x", b"nonsense",
    b"X: \x80\xff", b"Max-Forwards: 3", b"Via: 1.0 x", b"Host: other.example.org", b"X-Plain: 1", b"Keep-Alive: 5",
]  # fmt: skip
BODIES = [
    b"", b"abcde", b"5\r\nabcde\r\n0\r\n\r\n", b"5;x=y\r\nabcde\r\n0\r\nT: x\r\n\r\n",
    b"5\r\nabcdef\r\n0\r\n\r\n", b"5\r\nabc", b"zz\r\n", b"0\r\n\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n",
    b"5 \r\nabcde\r\n0\r\n\r\n", b"5\nabcde\n0\n\n", b"-5\r\nabcde\r\n", b"00005\r\nabcde\r\n0\r\n\r\n",
    b"0\r\nContent-Length: 5\r\n\r\n", b"\r\n\r\n",
]  # fmt: skip
ENDS = st.sampled_from([b"\r\n"] * 9 + [b"\n", b"\r"])


@st.composite
def messages(draw: st.DrawFn, start: st.SearchStrategy[bytes], common: list[bytes]) -> bytes:
    """Return a message with fields that go together, or do not, and perhaps a byte that is another."""
    lines = [draw(start), *common, *draw(st.lists(st.sampled_from(LINES), max_size=3))]
    head = b"".join(line + draw(ENDS) for line in lines) + b"\r\n"
    message = head + draw(st.sampled_from(BODIES))
    if draw(st.integers(0, 5)) == 0:
        place = draw(st.integers(0, len(message) - 1))
        message = message[:place] + draw(st.binary(max_size=2)) + message[place + 1 :]
    return message


REQUEST_LINES = st.builds(
    lambda method, target, version: b"%b %b HTTP/%b" % (method, target, version),
    st.sampled_from([b"GET", b"POST"] * 6 + METHODS),
    st.sampled_from([TARGETS[0]] * 9 + TARGETS),
    st.sampled_from([b"1.1"] * 9 + [b"1.0", b"1.2", b"2.0", b"0.9"]),
)
REQUESTS = messages(REQUEST_LINES, [b"Host: example.org"])
STATUS_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK"] * 9
    + [b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.0 200 OK", b"HTTP/1.1 100 Continue",
       b"HTTP/1.1 104 X", b"HTTP/1.1 099 X", b"HTTP/1.1 200", b"HTTP/1.1 999 X", b"HTTP/1.1 2000 X", b"RTSP/1.0 200 OK",
       b"HTTP/2 200", b"HTTP/1.1 101 Switching Protocols"]
)  # fmt: skip
REPLIES = messages(STATUS_LINES, [])
# Each example is many connections at once; a failure shows the one that failed, and need not be made smaller.
quickly = settings(max_examples=40, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def method_of(stream: bytes) -> bytes:
    """Return the method of the first request, as far as there is one."""
    method = stream.lstrip(b"\r\n").split(b" ")[0]
    return method if method in METHODS[:7] else b"GET"


def judge(service: ReadingService, streams: list[bytes], received: list[bytes]) -> None:
    """Read with h11 what was forwarded and what was answered."""
    assert not service.refused, (service.refused, streams)
    for stream, data in zip(streams, received, strict=True):
        try:
            answers = read_answers([method_of(stream), b"GET"], data)
        except NotHttp as error:
            raise AssertionError(f"{error}: {stream!r} -> {data!r}") from error
        assert len(answers) <= stream.count(b"HTTP/"), (stream, data)


def test_the_corpora_of_requests_are_read_as_the_gateway_reads_them(
    gateway: GatewayProcess, service: ReadingService
) -> None:
    streams = [request + LAST for request in [*REFUSED.values(), *OVERSIZED.values()]]
    judge(service, streams, send_all(gateway, streams))
    assert not [target for _, target, _ in service.requests if b"smuggled" in target]


@quickly
@given(st.lists(REQUESTS, min_size=AT_ONCE, max_size=AT_ONCE))
def test_generated_requests_are_read_as_the_gateway_reads_them(
    gateway: GatewayProcess, service: ReadingService, requests: list[bytes]
) -> None:
    streams = [request + LAST for request in requests]
    judge(service, streams, send_all(gateway, streams))


def judge_answers(gateway: GatewayProcess, service: ReadingService, replies: list[bytes], method: bytes) -> None:
    """Let the service give each reply to a request, and compare what h11 reads before and behind the gateway."""
    service.reply_to = lambda target: replies[int(target.partition(b"=")[2])]
    service.keeps_connections = False
    line = b"%b /api/samples?number=%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    end = b"Content-Length: 0\r\n\r\n" if method == b"POST" else b"\r\n"
    try:
        received = send_all(gateway, [line % (method, number) + end for number in range(len(replies))])
    finally:
        service.reply_to = lambda target: answer()
        service.keeps_connections = True
    for reply, data in zip(replies, received, strict=True):
        expected = _first_answer(method, reply)
        try:
            (found,) = read_answers([method], data)
        except Cut:
            assert expected is None, ("cut though it was whole", reply, data)
        except (NotHttp, ValueError) as error:
            raise AssertionError(f"{error}: {reply!r} -> {data!r}") from error
        else:
            assert found.status == 502 or found == expected, (reply, data)


def _first_answer(method: bytes, reply: bytes) -> Answer | None:
    try:
        return read_answer(method, reply)[0]
    except NotHttp:
        return None


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
def test_the_corpus_of_answers_is_read_as_the_gateway_reads_it(
    gateway: GatewayProcess, service: ReadingService, method: bytes
) -> None:
    judge_answers(gateway, service, NONSENSE, method)


@quickly
@given(st.lists(REPLIES, min_size=AT_ONCE, max_size=AT_ONCE), st.sampled_from([b"GET", b"HEAD", b"POST"]))
def test_generated_answers_are_read_as_the_gateway_reads_them(
    gateway: GatewayProcess, service: ReadingService, replies: list[bytes], method: bytes
) -> None:
    judge_answers(gateway, service, replies, method)
