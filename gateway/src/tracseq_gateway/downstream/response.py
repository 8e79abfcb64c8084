"""Writes one answer to a client with the framing of RFC 9112, section 6."""

from functools import lru_cache
from typing import Protocol

from tracseq_gateway.downstream.request import Request
from tracseq_gateway.http.date import date_line
from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.http.problem import reason_phrase


class ResponseConnection(Protocol):
    """The connection that an answer goes out on."""

    draining: bool

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""

    def response_finished(self, response: "Response") -> None:
        """Go on to the next request, or close."""

    def abort(self) -> None:
        """Close at once."""


@lru_cache(maxsize=256)
def _status_line(status: int, reason: bytes) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, reason)


class Response:
    """The answer to one request; pieces are kept until ``flush`` so that one write holds many.

    Attributes:
        status: the final status code, 0 before the head is sent.
        body_bytes: bytes of content sent so far, without framing.
        complete: everything has been handed to the connection.
    """

    __slots__ = (
        "_chunked",
        "_head_sent",
        "_pieces",
        "_until_close",
        "body_bytes",
        "complete",
        "connection",
        "persistent",
        "request",
        "status",
    )

    def __init__(self, connection: ResponseConnection, request: Request) -> None:
        self.connection = connection
        self.request = request
        self.persistent = request.persistent
        self.status = 0
        self.body_bytes = 0
        self.complete = False
        self._chunked = False
        self._until_close = False
        self._head_sent = False
        self._pieces: list[bytes] = []

    @property
    def started(self) -> bool:
        """Whether the client may have seen a part of the final answer."""
        return self._head_sent

    @property
    def ends_with_connection(self) -> bool:
        """Whether the client knows the content's end only by the connection's (RFC 9112, 6.3)."""
        return self._until_close

    def retract(self) -> None:
        """Take back what nobody has seen yet, so that another answer can be sent."""
        self._pieces = []
        self.status = self.body_bytes = 0
        self.persistent = self.request.persistent
        self._chunked = self._until_close = False

    def send_interim(self, status: int, reason: bytes, fields: bytes) -> None:
        """Send a 1xx answer (RFC 9110, 15.2), which HTTP/1.0 does not know."""
        if not self.request.http_1_0:
            self._pieces.append(b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, reason, fields))

    def send_head(self, status: int, reason: bytes, fields: bytes, *, bodiless: bool, length_known: bool) -> None:
        """Send the head.

        Args:
            fields: complete field lines, a Content-Length among them when ``length_known``.
            bodiless: no content follows whatever the fields say (RFC 9110, 6.4.1).
        """
        self.status = status
        request = self.request
        if not request.body_complete or self.connection.draining:
            self.persistent = False
        framing = b""
        if not bodiless and not length_known:
            if request.http_1_0:
                self.persistent = False
                self._until_close = True
            else:
                self._chunked = True
                framing = b"transfer-encoding: chunked\r\n"
        if not self.persistent:
            framing += b"connection: close\r\n"
        elif request.http_1_0:
            framing += b"connection: keep-alive\r\n"
        self._pieces += (_status_line(status, reason), fields, framing, b"\r\n")

    def send_switch(self, reason: bytes, fields: bytes) -> None:
        """Send ``101``; what follows on the connection is no longer HTTP (RFC 9110, 15.2.2)."""
        self.status = 101
        self.complete = True
        self._pieces.append(b"HTTP/1.1 101 %b\r\n%b\r\n" % (reason, fields))

    def send_body(self, data: bytes) -> None:
        """Send a piece of the content."""
        self.body_bytes += len(data)
        if self._chunked:
            self._pieces.append(b"%x\r\n%b\r\n" % (len(data), data))
        else:
            self._pieces.append(data)

    def finish(self, trailers: bytes = b"") -> None:
        """End the answer; the connection goes on to its next request or closes."""
        if self._chunked:
            self._pieces.append(b"0\r\n%b\r\n" % trailers)
        self.complete = True
        self.flush()
        self.connection.response_finished(self)

    def send_empty(self, status: int, fields: bytes) -> None:
        """Send an answer that has no content, such as 204."""
        self.send_head(status, reason_phrase(status), date_line() + fields, bodiless=True, length_known=False)
        self.finish()

    def send_whole(self, status: int, headers: HeaderList, body: bytes, lines: bytes = b"") -> None:
        """Send an answer that is known as a whole; ``lines`` are further field lines."""
        fields = b"".join([date_line(), *[b"%b: %b\r\n" % header for header in headers], lines])
        bodiless = self.request.method == b"HEAD" or status in (204, 304)
        if status != 204:
            fields += b"content-length: %d\r\n" % len(body)
        self.send_head(status, reason_phrase(status), fields, bodiless=bodiless, length_known=True)
        if body and not bodiless:
            self.send_body(body)
        self.finish()

    def flush(self) -> None:
        """Write what was kept to the connection."""
        pieces = self._pieces
        if pieces:
            self._pieces = []
            self._head_sent = self.status != 0
            self.connection.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
