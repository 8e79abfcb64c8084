"""A client's connection: an asyncio protocol that reads requests one after the other.

uvicorn makes one of these for each connection it accepts. The file is longer than others
because the states of one connection cannot be told apart from each other.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from tracseq_gateway.downstream.encryption import Encryption
from tracseq_gateway.downstream.handler import Handler, Tunnel
from tracseq_gateway.downstream.head import read_head
from tracseq_gateway.downstream.limits import ClientLimits
from tracseq_gateway.downstream.request import BODY_BUFFER_LIMIT, Request
from tracseq_gateway.downstream.response import Response
from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.http.problem import Problem

LINGER_SECONDS = 2.0
FIRST_REQUEST_SECONDS = 1.0
VERSION_SIZE = len(b"1.1")


class Reception(Protocol):
    """What a connection needs to know of the gateway that it belongs to.

    Attributes:
        client_limits: what a client may take up.
        clock: tells the time in seconds.
        downstreams: every open connection of a client.
        draining: the process has been told to stop.
        encryption: how clients are met at the encrypted port, None where there is none.
    """

    client_limits: ClientLimits
    clock: Callable[[], float]
    downstreams: "set[DownstreamConnection]"
    draining: bool
    encryption: Encryption | None

    def handler_for(self, connection: "DownstreamConnection", request: Request, response: Response) -> Handler:
        """Return who answers a request."""

    def refuse(self, connection: "DownstreamConnection", response: Response, problem: Problem) -> None:
        """Answer something that could not be understood as a request."""


class DownstreamConnection(asyncio.Protocol):
    """Reads requests, gives each to the gateway, and keeps the order of answers.

    Attributes:
        peer: address and port of the other side, a load balancer as a rule.
        deadline: when the connection is closed unless something happens before.
        draining: no further request is taken from the connection.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.reception: Reception = app_state["gateway"]
        self.server_state = server_state
        self.limits: ClientLimits = self.reception.client_limits
        self.clock = self.reception.clock
        self.parser = self._new_parser()
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.peer: tuple[str, int] = ("", 0)
        self.draining = False
        self.deadline = 0.0
        self.handler: Handler | None = None
        self.current: Request | None = None
        self.receiving: Request | None = None
        self.waiting: deque[Request] = deque()
        self.tunnel: Tunnel | None = None
        self._target = b""
        self._headers: HeaderList = []
        self._head_bytes = 0
        self._fed: bytes = b""
        self._earlier: bytes = b""
        self._line_from = 0
        self._head_begun = False
        self._in_head = True
        self._unused = True
        self._refused = False
        self._repeating_head = False
        self._after_switch = b""
        self._closing = False
        self._reading_paused = False
        self._write_paused = False

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # Which versions there may be is said by read_head.
        parser.set_dangerous_leniencies(lenient_version=True)
        return parser

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to wait for the first request."""
        self.transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername")
        if isinstance(address, tuple):
            # A socket for both families, as systemd makes them, tells IPv4 peers in this form.
            self.peer = (address[0].removeprefix("::ffff:"), address[1])
        self.server_state.connections.add(self)  # type: ignore[arg-type]
        self.reception.downstreams.add(self)
        self.deadline = self.clock() + self.limits.head_seconds

    def connection_lost(self, error: Exception | None) -> None:
        """Cancel whatever is done for the client."""
        self.server_state.connections.discard(self)
        self.reception.downstreams.discard(self)
        self._closing = True
        self.waiting.clear()
        if self.tunnel is not None:
            self.tunnel.client_gone()
        elif self.handler is not None:
            self.handler.client_gone()

    def eof_received(self) -> bool:
        """Close; a client that no longer sends is taken to have gone away."""
        return False

    # Reading

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self._refused or self._closing:
            return
        if self.tunnel is not None:
            self.tunnel.from_client(data)
            return
        self._fed = data
        self._line_from = 0
        size = len(data)
        if self._in_head:
            self._head_bytes += size
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._begin_next()
            self._after_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserInvalidMethodError:
            self._refuse(Problem(501, "The method is not known.", "method"))
        except httptools.HttpParserError:
            self._refuse(Problem(400, "The request is not valid HTTP/1.1.", "malformed"))
        if self._in_head and self._head_bytes and not self._closing:
            if self._head_bytes > self.limits.head_bytes:
                self._refuse(Problem(431, "The request's header fields are too large.", "head-size"))
            elif self._head_bytes == size and self.current is None:
                self.deadline = self.clock() + self.limits.head_seconds
        if self._head_begun:
            self._earlier += data[self._line_from :]
        # Not as soon as a head is read: a body that came with it goes on together with it.
        self._begin_next()

    def on_message_begin(self) -> None:
        """Take note that the bytes of a head have begun."""
        self._head_begun = True

    def on_url(self, part: bytes) -> None:
        """Take a piece of the request target."""
        if not self._repeating_head:
            self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head; trailer fields of a request are dropped (RFC 9110, 6.5.1)."""
        if self._in_head:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Check the head and begin the request, or let it wait for its turn."""
        if self._refused or self._repeating_head:
            return
        parser, headers, target = self.parser, self._headers, self._target
        self._headers, self._target = [], b""
        self._in_head = self._head_begun = False
        method = parser.get_method()
        try:
            version = self._version(method, target)
            limits = self.limits
            # What came in so few bytes cannot be larger, and need not be added up.
            large = self._head_bytes > limits.head_bytes or len(self._fed) > limits.head_bytes
            if len(headers) > limits.head_fields or (large and _size(target, headers) > limits.head_bytes):
                raise Problem(431, "The request's header fields are too large.", "head-size")
            request = read_head(method, target, version, headers, parser.should_keep_alive())
            if limits.body_bytes and (request.content_length or 0) > limits.body_bytes:
                raise Problem(413, "The request's body is too large.", "body-size")
        except Problem as problem:
            self._refuse(problem)
            return
        self.receiving = request
        if self.current is not None or self.waiting:
            request.upgrade = b""
            self.pause_reading()
        self.waiting.append(request)

    def _version(self, method: bytes, target: bytes) -> bytes:
        # The parser takes the request lines of RTSP and ICE too, and does not tell.
        earlier, self._earlier = self._earlier, b""
        raw = earlier + self._fed if earlier else self._fed
        line = b"%b %b HTTP/" % (method, target)
        # An earlier request of the same read is passed over, as far as its length is known.
        start: int = raw.find(line, self._line_from)
        if start < 0:
            raise Problem(400, "The request is not one of HTTP.", "malformed")
        end = start + len(line)
        self._line_from = max(0, end - len(earlier)) if earlier else end
        return raw[end : end + VERSION_SIZE]

    def on_body(self, data: bytes) -> None:
        """Take a piece of a request's body."""
        request = self.receiving
        if request is None or self._refused:
            return
        request.receive(data)
        self._line_from += len(data)
        limit = self.limits.body_bytes
        if limit and request.body_size > limit:
            self._refuse(Problem(413, "The request's body is too large.", "body-size"))
        elif request.buffered > BODY_BUFFER_LIMIT:
            self.pause_reading()
        if request is self.current:
            self.deadline = self.clock() + self.limits.idle_seconds

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        request = self.receiving
        if request is not None and request.has_body and self.parser.should_upgrade():
            # The parser takes the body for the new protocol's bytes; see _after_upgrade.
            return
        self._in_head = True
        self._head_bytes = 0
        self.receiving = None
        if request is not None and not self._refused:
            request.finish()

    # Requests

    def _begin_next(self) -> None:
        if self.current is not None or not self.waiting:
            return
        self.current = request = self.waiting.popleft()
        self._unused = False
        if not request.body_complete:
            self.deadline = self.clock() + self.limits.idle_seconds
        self.handler = self.reception.handler_for(self, request, Response(self, request))
        self.handler.begin()

    def _refuse(self, problem: Problem) -> None:
        """Answer a request that cannot be understood; nothing after it can be either."""
        if self._refused:
            return
        self._refused = True
        receiving, self.receiving = self.receiving, None
        if receiving is not None and receiving is not self.current:
            self.waiting.pop()
        if self.current is None and not self.waiting:
            # An answer to HEAD has no content, whatever else was wrong (RFC 9110, 9.3.2).
            method = b"HEAD" if self.parser.get_method() == b"HEAD" else b"GET"
            request = Request(method, b"/", [])
            request.persistent = False
            self.current = request
            self.reception.refuse(self, Response(self, request), problem)
        elif receiving is not None and receiving is self.current and self.handler is not None:
            self.handler.body_refused(problem)

    def _after_upgrade(self, rest: bytes) -> None:
        self.parser = self._new_parser()
        request = self.current
        if self.receiving is not None:
            # The upgrade is not accepted, so the body is an ordinary one: a parser that has
            # read a head of the same framing goes on with it.
            self._repeating_head = True
            self.parser.feed_data(_framing_head(self.receiving))
            self._repeating_head = self._head_begun = False
        elif request is not None and request.upgrade:
            # Whether the bytes after it are HTTP depends on what the service says.
            self._after_switch = rest
            self.pause_reading()
            return
        if rest:
            self.data_received(rest)

    def response_finished(self, response: Response) -> None:
        """Go on to the next request, or close."""
        self.handler = None
        self.current = None
        if self._closing:
            return
        if not response.persistent or self.draining or (self._refused and not self.waiting):
            self._close_after(response)
            return
        self.deadline = self.clock() + self.limits.keep_alive_seconds
        if self.waiting:
            self._begin_next()
            return
        if self._reading_paused:
            self.resume_reading()
        if self._after_switch:
            rest, self._after_switch = self._after_switch, b""
            self.data_received(rest)

    def _close_after(self, response: Response) -> None:
        self._closing = True
        if response.request.body_complete:
            self.transport.close()
            return
        self._half_close()

    def _half_close(self) -> None:
        # Closing with unread bytes would reset the connection and could destroy the answer
        # before the client has read it (RFC 9112, 9.6).
        self._closing = True
        if self.transport.is_closing():
            return
        # An encrypted connection has no half: there the answer's own length says where it ends.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.deadline = self.clock() + LINGER_SECONDS
        self.resume_reading()

    def begin_tunnel(self, tunnel: Tunnel) -> None:
        """From here on pass bytes through both ways."""
        self.tunnel = tunnel
        self.current = None
        self.handler = None
        if self._after_switch:
            tunnel.from_client(self._after_switch)
        self.resume_reading()

    def end_tunnel(self) -> None:
        """Send no more and close; what is still on its way must not make the last frame be lost."""
        if not self._closing:
            self._half_close()

    # Flow

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""
        if not self.transport.is_closing():
            self.transport.write(data)
            if self.tunnel is None:
                self.deadline = self.clock() + self.limits.idle_seconds

    def pause_reading(self) -> None:
        """Stop the client from sending."""
        if not self._reading_paused and not self.transport.is_closing():
            self._reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Let the client send again."""
        if self._reading_paused and not self.waiting and not self.transport.is_closing():
            self._reading_paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """The client reads slower than the answer comes."""
        self._write_paused = True
        if self.tunnel is not None:
            self.tunnel.client_writable(False)
        elif self.handler is not None:
            self.handler.client_writable(False)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._write_paused = False
        if self.tunnel is not None:
            self.tunnel.client_writable(True)
            return
        self.deadline = self.clock() + self.limits.idle_seconds
        if self.handler is not None:
            self.handler.client_writable(True)

    @property
    def writable(self) -> bool:
        """Whether the client takes more of an answer now."""
        return not self._write_paused

    # Ending

    def abort(self) -> None:
        """Close at once."""
        self.transport.abort()

    def cut(self) -> None:
        """End an answer that is not whole so that the client sees that (RFC 9112, 8)."""
        pseudo_socket = self.transport.get_extra_info("socket")
        if pseudo_socket is not None and pseudo_socket.fileno() >= 0:
            # Where only the connection's end ends the answer, an end in good order would say that it is whole.
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(pseudo_socket.fileno())) as duplicate:
                duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def shutdown(self) -> None:
        """Take no further request; called by uvicorn when the process is to end."""
        self.draining = True
        if self.tunnel is not None:
            self.tunnel.end()
            return
        if self.current is not None:
            return
        if self._unused:
            # Accepted a moment ago; its first request is on the way and nobody would repeat it.
            self.deadline = self.clock() + FIRST_REQUEST_SECONDS
        else:
            self.transport.close()

    def expire(self) -> None:
        """The deadline has passed."""
        if self.tunnel is not None and not self._closing:
            self.tunnel.look_after(self.clock())
        elif self.current is not None and self.handler is not None:
            self._client_stalled()
        elif self._in_head and self._head_bytes and not self._closing:
            self._refuse(Problem(408, "The request's head did not come in time.", "head-timeout"))
        elif self._closing and not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.abort()

    def _client_stalled(self) -> None:
        request, handler = self.current, self.handler
        if self._write_paused:
            self.transport.abort()
        elif request is not None and handler is not None and not request.body_complete and not self._reading_paused:
            self._refused = True
            handler.body_refused(Problem(408, "The request's body did not come in time.", "body-timeout"))
        else:
            self.deadline = self.clock() + self.limits.idle_seconds
            if handler is not None:
                handler.check()


def _size(target: bytes, headers: HeaderList) -> int:
    return len(target) + sum(len(name) + len(value) + 4 for name, value in headers)


def _framing_head(request: Request) -> bytes:
    if request.chunked:
        return b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
    return b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % (request.content_length or 0)
