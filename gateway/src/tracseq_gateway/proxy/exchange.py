"""One request on its way through the gateway, from the client to a service and back.

An exchange stands between a client's connection and a service's: it passes the pieces of
both bodies on as they come and makes each side wait for the other. Both halves share their
state, which makes the file longer than others.
"""

import asyncio
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING

from tracseq_gateway.downstream.connection import DownstreamConnection
from tracseq_gateway.downstream.request import Request
from tracseq_gateway.downstream.response import Response
from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.proxy.client import UNKNOWN
from tracseq_gateway.proxy.response_fields import field_lines, trailer_lines
from tracseq_gateway.proxy.tunnel import WebSocketTunnel
from tracseq_gateway.proxy.via import VIA
from tracseq_gateway.upstream.breaker import NO_TRIAL
from tracseq_gateway.upstream.connection import UpstreamConnection
from tracseq_gateway.upstream.failure import FAILING_STATUSES, UpstreamError, UpstreamFailure
from tracseq_gateway.upstream.server import UpstreamServer

if TYPE_CHECKING:
    from tracseq_gateway.authentication.identity import Identity
    from tracseq_gateway.gateway import Gateway
    from tracseq_gateway.upstream.service import Service

IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})
"""Methods that may be sent twice (RFC 9110, 9.2.2)."""
RETRIED_STATUSES = frozenset({502, 503})
NEVER_SENT = frozenset({UpstreamFailure.CONNECT, UpstreamFailure.CONNECT_TIMEOUT, UpstreamFailure.OVERLOADED})
CLIENT_CLOSED_REQUEST = 499


class AnswerCut(Exception):
    """The answer ended before it was whole, and the client must see that (RFC 9112, 8)."""


class Outcome(Enum):
    """How one attempt ended that did not fail."""

    ANSWERED = auto()
    RETRIED_STATUS = auto()


class Exchange:
    """Brings one request to a service and its answer back.

    Attributes:
        status: what the client was answered; 499 where it left before.
        cause: one word for what went wrong, or empty.
        client: where the request came from.
        identity: the caller, where known.
        service: where the request is to go, once it may; ``path`` and ``fields`` then tell what to ask it for.
        path: the path below the service's address.
        fields: the field lines for the service, all but Host.
        server: which of the service's servers was asked last.
        started_at: the monotonic clock at its begin; the loop's own clock counts milliseconds only.
        answered_at: the same clock at the answer's head, 0 before.
        request_id_line: the field line with the request's identifier.
        answer_lines: field lines that the gateway adds to the answer.
    """

    def __init__(
        self, gateway: "Gateway", connection: DownstreamConnection, request: Request, response: Response
    ) -> None:
        self.gateway = gateway
        self.connection = connection
        self.request = request
        self.response = response
        self.started_at = monotonic()
        self.request_id = b""
        self.request_id_line = b""
        self.cause = ""
        self.client = UNKNOWN
        self.identity: Identity | None = None
        self.service: Service | None = None
        self.path = b""
        self.fields = b""
        self.server: UpstreamServer | None = None
        self.answered_at = 0.0
        self.answer_lines = b""
        self.client_left = False
        self._upstream: UpstreamConnection | None = None
        self._outcome: asyncio.Future[Outcome | UpstreamFailure] | None = None
        self._attempts = 0
        self._trial = NO_TRIAL
        self._body_sent = False
        self._was_reused = False
        self._answer_begun = False
        self._problem: Problem | None = None
        self._running = False
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> int:
        """The status of the answer, for metrics and logs."""
        if self.client_left and not self.response.complete:
            return CLIENT_CLOSED_REQUEST
        return self.response.status

    @property
    def upstream_label(self) -> str:
        """The name of the server that was asked last, or empty."""
        return "" if self.server is None else self.server.label

    # The way of the request

    def begin(self) -> None:
        """Start to work on the request; a task is made only where something must be waited for."""
        try:
            sent = self.gateway.chain.admit_at_once(self) and self._send_at_once()
        except Exception:
            self._problem = self._own_error()
            sent = False
        if not sent:
            self._task = self.gateway.loop.create_task(self._run())

    def _send_at_once(self) -> bool:
        service = self.service
        if service is None:
            return False
        server = service.choose()
        self._choose(server)
        connection = server.pool.take_idle()
        if connection is None:
            return False
        self._attempts = 1
        self._send(connection, server)
        return True

    def _choose(self, server: UpstreamServer) -> None:
        if self.server is not None:
            self.server.outstanding -= 1
        self.server = server
        server.outstanding += 1

    async def _forward(self, service: "Service", result: Outcome | UpstreamFailure | None) -> None:
        """Send the request to the service's servers until one answers.

        Args:
            result: how the attempt ended that was made at once, if one was.

        Raises:
            Problem: no server answered, and nothing of an answer was sent yet.
        """
        if result is None:
            self._trial = service.breaker.admit()
        try:
            await self._try_servers(service, result)
        finally:
            service.breaker.trial_abandoned(self._trial)

    async def _try_servers(self, service: "Service", result: Outcome | UpstreamFailure | None) -> None:
        tried: set[UpstreamServer] = set()
        fresh = False
        server = self.server or service.choose()
        while True:
            if result is None:
                self._choose(server)
                result = await self._attempt(server, fresh=fresh)
            if result is Outcome.ANSWERED:
                return
            fresh = result is UpstreamFailure.CLOSED and self._was_reused and not fresh and not self._answer_begun
            if not fresh:
                tried.add(server)
            if isinstance(result, UpstreamFailure):
                self._note_failure(result, service, server, stale=fresh)
                self._check_repeatable(result)
            server = service.choose(tried)
            result = None

    def _note_failure(
        self, failure: UpstreamFailure, service: "Service", server: UpstreamServer, *, stale: bool
    ) -> None:
        self.cause = failure.value
        self.gateway.metrics.upstream_failed(service.name, "stale" if stale else failure.value)
        if not stale and failure is not UpstreamFailure.OVERLOADED:
            service.breaker.failed()
        if failure in (UpstreamFailure.CONNECT, UpstreamFailure.CONNECT_TIMEOUT):
            # The next check decides whether it is well again.
            server.healthy = False

    def _check_repeatable(self, failure: UpstreamFailure) -> None:
        if self.response.started:
            raise AnswerCut
        self.answered_at = 0.0
        self.response.retract()
        if not self._may_retry() or not (failure in NEVER_SENT or self._is_repeatable()):
            raise Problem(failure.status, failure.sentence, failure.value)

    def _may_retry(self) -> bool:
        settings = self.gateway.settings
        deadline = self.started_at + settings.upstream_retry_deadline
        return self._attempts < settings.upstream_attempts and monotonic() < deadline

    def _is_repeatable(self) -> bool:
        return self.request.method in IDEMPOTENT and not self._body_sent and not self.request.has_body

    async def _attempt(self, server: UpstreamServer, *, fresh: bool) -> Outcome | UpstreamFailure:
        self._attempts += 1
        try:
            connection = await server.pool.acquire(fresh=fresh)
        except UpstreamError as error:
            return error.failure
        self._outcome = self.gateway.loop.create_future()
        self._send(connection, server)
        return await self._outcome

    def _send(self, connection: UpstreamConnection, server: UpstreamServer) -> None:
        self._upstream = connection
        self._was_reused = connection.used
        request = self.request
        query = b"?" + request.query if request.query else b""
        head = b"".join(
            (
                request.method,
                b" ",
                server.path_prefix,
                self.path,
                query,
                b" HTTP/1.1\r\n",
                server.host_line,
                self.fields,
                b"\r\n",
            )
        )
        connection.start(
            self,
            head,
            request.take_buffer() if request.buffered else b"",
            head_request=request.method == b"HEAD",
            chunked=request.chunked,
            whole=request.body_complete,
            timeout=server.pool.response_timeout,
        )
        if request.body_size:
            self._body_sent = True
            self.connection.resume_reading()
        if not request.body_complete:
            self._send_body_as_it_comes(connection)

    def _send_body_as_it_comes(self, connection: UpstreamConnection) -> None:
        self.request.sink = connection
        if connection.writable:
            self.connection.resume_reading()
        else:
            self.connection.pause_reading()

    # The client's side

    def client_gone(self) -> None:
        """Leave the service's work: nobody waits for it any more."""
        self.client_left = True
        if self.answered_at and self.service is not None and self.response.status not in FAILING_STATUSES:
            self.service.breaker.left(monotonic() - self.answered_at)
        self._leave_upstream()
        self._stop_working()

    def client_writable(self, writable: bool) -> None:
        """Make the service wait for a slow client."""
        if self._upstream is None:
            return
        if writable:
            self._upstream.resume_reading()
        else:
            self._upstream.pause_reading()

    def body_refused(self, problem: Problem) -> None:
        """Answer a request whose body turned out to be wrong; the service sees it cut."""
        self._leave_upstream()
        if self.response.started:
            self.connection.transport.abort()
            return
        self._problem = problem
        self._stop_working()

    def _leave_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        self.request.sink = None
        self.request.discard_body = True
        if upstream is not None:
            upstream.leave()

    # The service's side

    def on_interim(self, status: int, reason: bytes, headers: HeaderList) -> None:
        """Pass a 1xx answer on (RFC 9110, 15.2)."""
        if status == 100 and not self.request.expects_continue:
            return
        fields, _ = field_lines(headers, b"", without_length=True, secure=False)
        self.response.send_interim(status, reason, fields)
        self.response.flush()

    def on_response(self, status: int, reason: bytes, headers: HeaderList, *, bodiless: bool) -> None:
        """Send the answer's head, or try another server instead."""
        if status in RETRIED_STATUSES and self._is_repeatable() and self._may_retry():
            self.cause = f"status-{status}"
            if self.service is not None:
                self.service.breaker.failed()
            if self._upstream is not None:
                self._upstream.leave()
            self._finish(Outcome.RETRIED_STATUS)
            return
        self.answered_at = monotonic()
        if self._trial and self.service is not None and status not in FAILING_STATUSES:
            self.service.breaker.answers(self._trial)
        via = VIA[self._upstream is not None and self._upstream.version == "1.0"]
        fields, length_known = field_lines(headers, via + self.answer_lines, without_length=status == 204)
        self.response.send_head(status, reason, fields, bodiless=bodiless, length_known=length_known)

    def on_content(self, data: bytes) -> None:
        """Pass a piece of content on."""
        self.response.send_body(data)

    def on_flush(self) -> None:
        """Write what came at once in one piece."""
        self.response.flush()
        if not self.connection.writable and self._upstream is not None:
            # Also where the client was too slow for an earlier answer already.
            self._upstream.pause_reading()

    def on_end(self, trailers: HeaderList) -> None:
        """End the answer."""
        self.request.sink = None
        self.request.discard_body = True
        self._judge_whole_answer()
        wanted = trailers and self.request.wants_trailers
        self._upstream = None
        self.response.finish(trailer_lines(trailers) if wanted else b"")
        self._finish(Outcome.ANSWERED)

    def _judge_whole_answer(self) -> None:
        if self.service is None:
            return
        if self.response.status in FAILING_STATUSES:
            self.service.breaker.failed()
        else:
            self.service.breaker.succeeded()

    def on_switch(self, reason: bytes, headers: HeaderList, rest: bytes) -> None:
        """Join both connections into a tunnel (RFC 9110, 7.8)."""
        upstream, server = self._upstream, self.server
        if upstream is None or server is None or not self.request.upgrade:
            self._leave_upstream()
            self._finish(UpstreamFailure.MALFORMED)
            return
        self.answered_at = monotonic()
        if self.service is not None:
            self.service.breaker.succeeded()
        fields, _ = field_lines(headers, self.answer_lines, without_length=True)
        switch = b"connection: upgrade\r\nupgrade: %b\r\n" % self.request.upgrade
        self.response.send_switch(reason, fields + switch)
        self.response.flush()
        upstream.receiver = tunnel = WebSocketTunnel(
            self.connection,
            upstream,
            self.connection.clock,
            self.connection.limits.idle_seconds,
            server.pool.idle_timeout,
            lambda: self._finish(Outcome.ANSWERED),
        )
        self.connection.begin_tunnel(tunnel)
        if rest:
            tunnel.on_content(rest)

    def on_failure(self, failure: UpstreamFailure, *, answered: bool) -> None:
        """Note that this attempt brought no whole answer."""
        self._answer_begun = answered
        self.request.sink = None
        self._upstream = None
        self._finish(failure)

    def upstream_writable(self, writable: bool) -> None:
        """Make the client wait for a slow service."""
        if writable:
            self.connection.resume_reading()
        else:
            self.connection.pause_reading()

    def _finish(self, outcome: Outcome | UpstreamFailure) -> None:
        waiting = self._outcome
        if waiting is not None:
            if not waiting.done():
                waiting.set_result(outcome)
        elif outcome is Outcome.ANSWERED:
            self._end()
        elif self._task is None:
            self._task = self.gateway.loop.create_task(self._run(outcome))

    # The life of the exchange

    def _stop_working(self) -> None:
        if self._task is None:
            self._task = self.gateway.loop.create_task(self._run())
        # A task that is cancelled before its first step would never come to _run's end.
        elif self._running:
            self._task.cancel()

    def _end(self) -> None:
        if self.server is not None:
            self.server.outstanding -= 1
        self.gateway.chain.note_end(self)

    async def _run(self, result: Outcome | UpstreamFailure | None = None) -> None:
        self._running = True
        try:
            if self._problem is not None or self.client_left:
                raise asyncio.CancelledError
            if self.service is None:
                await self.gateway.chain.admit(self)
            if self.service is not None:
                await self._forward(self.service, result)
        except Problem as problem:
            self.fail(problem)
        except AnswerCut:
            self._cut()
        except asyncio.CancelledError:
            if self._problem is not None:
                self.fail(self._problem)
            elif not self.response.complete:
                self._leave_upstream()
                self.connection.transport.abort()
        except Exception:
            self.fail(self._own_error())
        finally:
            self._end()

    def _cut(self) -> None:
        if self.response.ends_with_connection:
            self.connection.cut()
        else:
            self.connection.transport.abort()

    def _own_error(self) -> Problem:
        self.gateway.log.exception("A request failed by an error of the gateway itself.")
        return Problem(500, "The gateway failed.", "internal")

    def answer_empty(self, status: int, lines: bytes) -> None:
        """Answer without content."""
        self.request.discard_body = True
        self.response.send_empty(status, lines)

    def fail(self, problem: Problem) -> None:
        """Answer with a problem where nothing was answered yet."""
        self.cause = problem.cause
        self._leave_upstream()
        if self.response.started:
            self._cut()
        else:
            self.response.retract()
            self.gateway.answer_problem(self.response, problem, self.request_id, self.answer_lines)
