"""One request as it was read from a client's connection."""

from typing import Protocol

from tracseq_gateway.http.fields import HeaderList

BODY_BUFFER_LIMIT = 65_536


class BodySink(Protocol):
    """Where a request's body goes once somebody takes it."""

    def write_body(self, data: bytes) -> None:
        """Take a piece of the body."""

    def finish_body(self) -> None:
        """Take note that the body is whole."""


class Request:
    """A request's head, and its body as far as nobody has taken it yet.

    Attributes:
        method: such as ``b"GET"``.
        target: the request target as the client wrote it, origin form (RFC 9112, 3.2.1).
        path: the target without its query.
        query: what follows the question mark, or empty.
        persistent: the client would use the connection again.
        content_length: bytes of the body where the client told them.
        chunked: the body comes in chunks, its length is unknown.
        upgrade: the protocol that the client wants to change to, or empty.
        wants_trailers: the client takes trailer fields (RFC 9110, 10.1.4).
        body_complete: the whole body was received.
    """

    __slots__ = (
        "body_complete",
        "body_size",
        "buffer",
        "buffered",
        "chunked",
        "content_length",
        "discard_body",
        "expects_continue",
        "headers",
        "host",
        "http_1_0",
        "method",
        "path",
        "persistent",
        "query",
        "sink",
        "target",
        "upgrade",
        "wants_trailers",
    )

    def __init__(self, method: bytes, target: bytes, headers: HeaderList) -> None:
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition(b"?")
        self.headers = headers
        self.host = b""
        self.http_1_0 = False
        self.persistent = True
        self.content_length: int | None = None
        self.chunked = False
        self.expects_continue = False
        self.upgrade = b""
        self.wants_trailers = False
        self.buffer: list[bytes] = []
        self.buffered = 0
        self.body_size = 0
        self.body_complete = False
        self.discard_body = False
        self.sink: BodySink | None = None

    @property
    def has_body(self) -> bool:
        """Whether the client announced a body, an empty one included when in chunks."""
        return self.chunked or bool(self.content_length)

    def receive(self, data: bytes) -> None:
        """Pass a piece of the body on, or keep it until somebody takes the body."""
        self.body_size += len(data)
        if self.discard_body:
            return
        if self.sink is not None:
            self.sink.write_body(data)
        else:
            self.buffer.append(data)
            self.buffered += len(data)

    def finish(self) -> None:
        """Note that the body is whole."""
        self.body_complete = True
        if self.sink is not None:
            self.sink.finish_body()

    def take_buffer(self) -> bytes:
        """Return what was kept of the body and keep it no longer."""
        if not self.buffer:
            return b""
        data = self.buffer[0] if len(self.buffer) == 1 else b"".join(self.buffer)
        self.buffer = []
        self.buffered = 0
        return data
