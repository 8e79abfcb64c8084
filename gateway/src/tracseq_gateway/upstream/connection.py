"""A connection to one server of a service: writes a request, reads the answer as it comes.

The whole life of a connection, from idle over a request to a tunnel, is in this one class,
as its states follow from each other; that makes the file longer than others.
"""

import asyncio
import contextlib
import os
import socket
from typing import Protocol, cast

import httptools

from tracseq_gateway.http.fields import HeaderList, list_members
from tracseq_gateway.upstream.failure import UpstreamFailure
from tracseq_gateway.upstream.receiver import Receiver

MAX_HEAD_BYTES = 131_072
CLOSING_SECONDS = 2.0
FIRST_BYTE = ord("H")
LAST_READ_BYTES = 262_144
LAST_CHUNK = b"0\r\n\r\n"
# Most fields are told from this one by the length of their name alone.
TRANSFER_ENCODING_SIZE = len(b"transfer-encoding")


class Owner(Protocol):
    """Whoever opened a connection, and is told what becomes of it.

    Attributes:
        secure: the connection is encrypted.
        response_timeout: seconds until an answer's head must have come.
        idle_timeout: seconds that may pass between two pieces of an answer.
    """

    secure: bool
    response_timeout: float
    idle_timeout: float

    def release(self, connection: "UpstreamConnection") -> None:
        """Take a connection back whose answer is whole."""

    def withdraw(self, connection: "UpstreamConnection") -> None:
        """Take note that a connection is about to close and carries no further request."""

    def lost(self, connection: "UpstreamConnection") -> None:
        """Take note that a connection is closed and its descriptor is free."""


class UpstreamConnection(asyncio.Protocol):
    """Carries one request at a time (RFC 9112, 9.3) and goes back to its owner between them.

    Attributes:
        deadline: when the answer must have gone on, or infinity when nothing is awaited.
        writable: it takes more of a request's body now.
        used: it has carried a request before, so that the upstream may be closing it.
        version: that of the last answer, such as ``1.1``.
    """

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self.clock = loop.time
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.receiver: Receiver | None = None
        self.deadline = float("inf")
        self.used = False
        self.version = "1.1"
        self.closed = False
        self.tunneling = False
        self.writable = True
        self._parser = self._new_parser()
        self._reason = b""
        self._headers: HeaderList = []
        self._codings: list[bytes] = []
        self._head_bytes = 0
        self._is_http_1_1 = False
        self._in_head = True
        self._interim = False
        self._switch_headers: HeaderList | None = None
        self._answered = False
        self._head_request = False
        self._until_close = False
        self._request_sent = False
        self._response_ended = False
        self._keep = False
        self._chunked_body = False
        self._reading_paused = False
        self._tunnel_peer: asyncio.Transport | None = None

    def _new_parser(self) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(self)
        # HTTP/1.2 is read as HTTP/1.1 (RFC 9110, 2.5); the version is looked at with the head.
        parser.set_dangerous_leniencies(lenient_version=True)
        return parser

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    # The request

    def start(
        self,
        receiver: Receiver,
        head: bytes,
        body: bytes = b"",
        *,
        head_request: bool,
        chunked: bool,
        whole: bool,
        timeout: float,
    ) -> None:
        """Send a request's head and give the answer to the receiver.

        Args:
            body: the body as far as it is known; one write takes it along with the head.
            head_request: the method is HEAD, so that the answer has no content.
            chunked: the body is framed as chunks.
            whole: there is nothing more to send.
            timeout: seconds until the answer's head must have come.
        """
        self.receiver = receiver
        self._head_request = head_request
        self._chunked_body = chunked
        self._in_head = True
        self._head_bytes = 0
        self._answered = self._response_ended = False
        self._request_sent = whole
        self.deadline = self.clock() + timeout
        if chunked:
            body = (_chunk(body) if body else b"") + (LAST_CHUNK if whole else b"")
        self.transport.write(head + body if body else head)

    def write_body(self, data: bytes) -> None:
        """Send a piece of the request's body."""
        if self.closed:
            return
        if not self._answered:
            self.deadline = self.clock() + self._owner.response_timeout
        self.transport.write(_chunk(data) if self._chunked_body else data)

    def finish_body(self) -> None:
        """End the request's body, so that the connection may be used again."""
        if self._chunked_body and not self.closed:
            self.transport.write(LAST_CHUNK)
        self._request_sent = True

    # The answer

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        receiver = self.receiver
        if receiver is None:
            # Bytes that nobody asked for would be taken for the next request's answer.
            self.close()
            return
        if self.tunneling:
            receiver.on_content(data)
            return
        self._answered = True
        if self._in_head:
            if not self._head_bytes:
                # The parser takes the status lines of RTSP and ICE too.
                if data[0] != FIRST_BYTE:
                    self._fail(UpstreamFailure.MALFORMED)
                    return
                self._is_http_1_1 = data.startswith(b"HTTP/1.1 ")
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switched(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            if self._response_ended:
                self.receiver = None
                self.close()
            else:
                self._fail(UpstreamFailure.MALFORMED)
            return
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and self.receiver is not None:
            self._fail(UpstreamFailure.MALFORMED)
        elif self._response_ended:
            self._recycle()
        elif self.receiver is receiver:
            if not self._reading_paused:
                self.deadline = self.clock() + self._owner.idle_timeout
            receiver.on_flush()

    def on_message_begin(self) -> None:
        """Start a head; one that follows a whole answer was not asked for."""
        self._reason = b""
        self._headers = []
        self._codings = []
        if self._response_ended:
            self._keep = False

    def on_status(self, part: bytes) -> None:
        """Take a piece of the reason phrase."""
        self._reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head or of the trailers."""
        self._headers.append((name, value))
        if len(name) == TRANSFER_ENCODING_SIZE and name.lower() == b"transfer-encoding":
            self._codings.append(value.strip().lower())

    def on_headers_complete(self) -> None:
        """Hand the head over."""
        receiver = self.receiver
        if receiver is None or self._response_ended:
            return
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        self.version = "1.1" if self._is_http_1_1 else self._parser.get_http_version()
        if status < 100 or not self.version.startswith("1."):
            self._fail(UpstreamFailure.MALFORMED)
            return
        self._interim = status < 200
        if self._interim:
            # The answer that follows it has a version of its own.
            self._is_http_1_1 = False
            if self._codings or _has_content(headers):
                # What followed would be taken for the final answer (RFC 9110, 15.2; RFC 9112, 6.3).
                self._fail(UpstreamFailure.MALFORMED)
            elif status != 101:
                receiver.on_interim(status, self._reason, headers)
            else:
                self._switch_headers = headers
            return
        self._in_head = False
        bodiless = self._head_request or status in (204, 304)
        self._keep = self._parser.should_keep_alive() or (
            # Without a body the parser cannot tell a HEAD answer's end and says "close".
            self._head_request and self.version != "1.0" and _allows_reuse(headers)
        )
        if self._codings and self.version == "1.0":
            # Its end is not certain (RFC 9112, 6.1).
            self._keep = False
        if (self._codings and self._codings != [b"chunked"]) or (
            self._head_bytes > MAX_HEAD_BYTES and _size(headers) > MAX_HEAD_BYTES
        ):
            # No other coding was asked for (RFC 9112, 6.1), and its end would be uncertain.
            self._fail(UpstreamFailure.MALFORMED)
            return
        # What the parser calls "keep alive" has an end of its own.
        self._until_close = not (self._keep or bodiless or self._codings or _has_length(headers))
        receiver.on_response(status, self._reason, headers, bodiless=bodiless)
        if self._head_request and self.receiver is receiver:
            # The parser would wait for the content that a HEAD answer only announces.
            self._parser = self._new_parser()
            self._end([])

    def on_body(self, data: bytes) -> None:
        """Hand a piece of content over."""
        if self._response_ended:
            self._keep = False
        elif self.receiver is not None:
            self.receiver.on_content(data)

    def on_message_complete(self) -> None:
        """Hand the end over, unless it was only that of a 1xx answer."""
        if self._interim:
            self._interim = False
        elif not self._response_ended and self.receiver is not None:
            self._end(self._headers)

    def _end(self, trailers: HeaderList) -> None:
        self._response_ended = True
        self.deadline = float("inf")
        receiver = self.receiver
        if receiver is not None:
            receiver.on_end(trailers)

    def _recycle(self) -> None:
        self.receiver = None
        if self._keep and self._request_sent and not self.closed:
            if self._reading_paused:
                self.resume_reading()
            self.used = True
            self._owner.release(self)
        else:
            self.close()

    def _switched(self, rest: bytes) -> None:
        receiver = self.receiver
        if receiver is None or self._switch_headers is None:
            self._fail(UpstreamFailure.MALFORMED)
            return
        self.tunneling = True
        self.deadline = float("inf")
        receiver.on_switch(self._reason, self._switch_headers, rest)

    def _fail(self, failure: UpstreamFailure) -> None:
        receiver, self.receiver = self.receiver, None
        self._abort()
        if receiver is not None:
            receiver.on_failure(failure, answered=self._answered)

    def eof_received(self) -> bool:
        """Let the transport close; what that means is decided in ``connection_lost``."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Take the end for the answer's end where it has no other (RFC 9112, 6.3)."""
        if error is not None and self.receiver is not None and not self._answered:
            self._read_what_is_left()
        if not self.closed:
            self.closed = True
            self._owner.withdraw(self)
        self._owner.lost(self)
        receiver = self.receiver
        if receiver is None:
            return
        if self.tunneling:
            self.receiver = None
            receiver.on_end([])
        elif self._until_close and not self._in_head and error is None:
            self._end([])
            self.receiver = None
        else:
            self._fail(UpstreamFailure.CLOSED)

    def _read_what_is_left(self) -> None:
        # An upstream that answers early and closes makes our writing fail while its answer
        # lies unread in the socket (RFC 9112, 9.6).
        pseudo_socket = self.transport.get_extra_info("socket")
        if pseudo_socket is None or self._owner.secure or pseudo_socket.fileno() < 0:
            return
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(pseudo_socket.fileno())) as duplicate:
            duplicate.setblocking(False)
            while self.receiver is not None and (data := duplicate.recv(LAST_READ_BYTES)):
                self.data_received(data)

    # Flow and ending

    def pause_writing(self) -> None:
        """The upstream reads slower than the body comes."""
        self.writable = False
        if self.receiver is not None:
            self.receiver.upstream_writable(False)

    def resume_writing(self) -> None:
        """The upstream has caught up."""
        self.writable = True
        if self.receiver is not None:
            if not self._answered:
                self.deadline = self.clock() + self._owner.response_timeout
            self.receiver.upstream_writable(True)

    def pause_reading(self) -> None:
        """Stop the upstream from sending; meanwhile the client is the one waited for."""
        if not self._reading_paused and not self.closed:
            self._reading_paused = True
            self.deadline = float("inf")
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Let the upstream send again."""
        if self._reading_paused and not self.closed:
            self._reading_paused = False
            if not self.tunneling:
                self.deadline = self.clock() + self._owner.idle_timeout
            self.transport.resume_reading()

    def expire(self) -> None:
        """The deadline has passed."""
        if self.closed:
            self.transport.abort()
        else:
            self._fail(UpstreamFailure.RESPONSE_TIMEOUT)

    def write(self, data: bytes) -> None:
        """Send bytes through a tunnel."""
        if not self.closed:
            self.transport.write(data)

    def close(self) -> None:
        """Close once everything is written, which an upstream that does not read cannot put off for long."""
        if not self.closed:
            self.closed = True
            self._owner.withdraw(self)
            self.deadline = self.clock() + CLOSING_SECONDS
            self.transport.close()

    def leave(self) -> None:
        """Take back the request: whoever asked wants no answer any more."""
        self.receiver = None
        self._abort()

    def abort(self) -> None:
        """Close at once; a request under way is told so."""
        self._fail(UpstreamFailure.CLOSED)

    def _abort(self) -> None:
        if not self.closed:
            self.closed = True
            self._owner.withdraw(self)
        self.deadline = float("inf")
        # What is not written yet would otherwise be kept, and the descriptor with it, for as
        # long as the upstream does not read.
        self.transport.abort()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _has_content(headers: HeaderList) -> bool:
    return any(name.lower() == b"content-length" and value.strip() != b"0" for name, value in headers)


def _has_length(headers: HeaderList) -> bool:
    return any(name.lower() == b"content-length" for name, _ in headers)


def _size(headers: HeaderList) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _allows_reuse(headers: HeaderList) -> bool:
    return not any(name.lower() == b"connection" and b"close" in list_members(value) for name, value in headers)
