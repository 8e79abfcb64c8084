"""Requests in every size and in pieces of every size, some at once, arrive as they were sent."""

import random
import socket
import threading
import zlib

from conftest import StartGateway, StartUpstream

ROUNDS = 60


def read_body(connection: socket.socket, head: bytes, rest: bytes) -> tuple[bytes, bytes]:
    """Return a body by its framing, and what came after it."""
    lower = head.lower()

    def more() -> bytes:
        piece = connection.recv(65536)
        assert piece, "The connection ended within a body."
        return piece

    if b"\r\ntransfer-encoding: chunked" not in lower:
        length = int(lower.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0] or 0)
        while len(rest) < length:
            rest += more()
        return rest[:length], rest[length:]
    body = b""
    while True:
        while b"\r\n" not in rest:
            rest += more()
        line, _, rest = rest.partition(b"\r\n")
        size = int(line, 16)
        while len(rest) < size + 2:
            rest += more()
        body += rest[:size]
        rest = rest[size + 2 :]
        if size == 0:
            return body, rest


def mirror(connection: socket.socket) -> None:
    """Answer each request with its own body, framed by what its query asks for."""
    rest = b""
    while True:
        while b"\r\n\r\n" not in rest:
            piece = connection.recv(65536)
            if not piece:
                return
            rest += piece
        head, _, rest = rest.partition(b"\r\n\r\n")
        body, rest = read_body(connection, head, rest)
        if b"?chunks " in head:
            chunks = b"".join(
                b"%x\r\n%b\r\n" % (len(body[i : i + 777]), body[i : i + 777]) for i in range(0, len(body), 777)
            )
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def make_request(shape: random.Random, body: bytes) -> bytes:
    """Frame a body in one of the ways there are; no body may also be a GET."""
    query = shape.choice([b"length", b"chunks"])
    if not body and shape.random() < 0.5:
        return b"GET /api/samples?%b HTTP/1.1\r\nHost: example.org\r\n\r\n" % query
    head = b"POST /api/samples?%b HTTP/1.1\r\nHost: example.org\r\n" % query
    if shape.random() < 0.5:
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    framed = b""
    while body:
        size = shape.randint(1, max(1, len(body)))
        framed += b"%x\r\n%b\r\n" % (size, body[:size])
        body = body[size:]
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


def test_every_shape_of_request_arrives_as_it_was_sent(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream(mirror).url)
    shape = random.Random(2718)
    for _ in range(ROUNDS):
        bodies = [shape.randbytes(shape.choice([0, 1, 10, 1000, 70_000, 400_000])) for _ in range(shape.randint(1, 5))]
        data = b"".join(make_request(shape, body) for body in bodies)
        with gateway.connect() as connection:
            sender = threading.Thread(target=send_in_pieces, args=(connection, data, shape.randint(1, 9) ** 6))
            sender.start()
            rest = b""
            for body in bodies:
                # The end of a head may come in two pieces, the first behind the answer before it.
                while b"\r\n\r\n" not in rest:
                    piece = connection.recv(65536)
                    assert piece, "The connection ended within a head."
                    rest += piece
                head, _, rest = rest.partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                received, rest = read_body(connection, head, rest)
                assert zlib.crc32(received) == zlib.crc32(body)
            sender.join()
            assert rest == b""


def send_in_pieces(connection: socket.socket, data: bytes, size: int) -> None:
    """Send data in pieces, but in no more than a thousand."""
    size = max(size, len(data) // 1000 + 1)
    for start in range(0, len(data), size):
        connection.sendall(data[start : start + size])
