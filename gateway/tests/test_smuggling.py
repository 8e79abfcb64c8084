"""Shapes by which two readers of one request could disagree are refused before any service sees them."""

from conftest import StartGateway, StartUpstream

HEAD = b"POST /api/samples HTTP/1.1\r\nHost: example.org\r\n"

REFUSED = {
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "two equal lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
    "a list of lengths": HEAD + b"Content-Length: 5, 5\r\n\r\nabcde",
    "a signed length": HEAD + b"Content-Length: +5\r\n\r\nabcde",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "a length that overflows": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "an unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded field": HEAD + b"X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bare carriage return": HEAD + b"X-A: 1\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a null byte": HEAD + b"X-A: 1\x00\r\n\r\n",
    "a bad chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5x\r\nabcde\r\n0\r\n\r\n",
    "a chunk size with 0x": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
    "a chunk longer than said": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n0\r\n\r\n",
    "a chunk size that overflows": HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
    "chunks in HTTP/1.0": b"POST /api/samples HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"GET /api/samples HTTP/1.1\r\nHost: a.example.org\r\nHost: b.example.org\r\n\r\n",
    "no host": b"GET /api/samples HTTP/1.1\r\n\r\n",
    "another protocol": b"GET /api/samples HTTP/3.7\r\nHost: example.org\r\n\r\n",
    "a line of nonsense": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "CONNECT": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
    "dot segments": b"GET /api/samples/../auth/users HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
    "encoded dot segments": b"GET /api/samples/%2e%2E/x HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
    "an encoded slash": b"GET /api/samples/..%2fauth HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
    "a fragment": b"GET /api/samples#x HTTP/1.1\r\nHost: example.org\r\n\r\n",
}


def test_ambiguous_requests_are_refused(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    upstream = start_upstream()
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    wrong: dict[str, bytes] = {}
    for name, request in REFUSED.items():
        # A second request after the first must never be read.
        reply = gateway.send(request + b"GET /api/samples/smuggled HTTP/1.1\r\nHost: example.org\r\n\r\n")
        if not reply.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501", b"HTTP/1.1 505")) or reply.count(b"HTTP/1.1 ") != 1:
            wrong[name] = reply
    assert not wrong
    assert not upstream.heads


OVERSIZED = {
    "target": b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: example.org\r\n\r\n",
    "one field": b"GET / HTTP/1.1\r\nHost: example.org\r\nX-Large: " + b"x" * 40_000 + b"\r\n\r\n",
    "without end": b"GET / HTTP/1.1\r\nHost: example.org\r\nX-Endless: " + b"x" * 40_000,
    "many fields": b"GET / HTTP/1.1\r\nHost: example.org\r\n" + b"X-Many: x\r\n" * 200 + b"\r\n",
}


def test_oversized_heads_are_refused(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    statuses = {name: gateway.send(head)[:12] for name, head in OVERSIZED.items()}
    assert set(statuses.values()) == {b"HTTP/1.1 431"}, statuses


def test_a_body_larger_than_allowed_is_refused(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, MAX_REQUEST_SIZE=1000)
    head = b"POST /api/samples HTTP/1.1\r\nHost: example.org\r\n"
    assert gateway.send(head + b"Content-Length: 1001\r\n\r\n").startswith(b"HTTP/1.1 413")
    chunks = b"Transfer-Encoding: chunked\r\n\r\n" + b"1f4\r\n%b\r\n" % (b"x" * 500) * 3
    assert gateway.send(head + chunks).startswith(b"HTTP/1.1 413")
