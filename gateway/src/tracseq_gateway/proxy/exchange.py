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
from tracseq_gateway.proxy.response_fields import field_lines, trailer_lines
from tracseq_gateway.upstream.connection import UpstreamConnection
from tracseq_gateway.upstream.failure import FAILING_STATUSES, UpstreamError, UpstreamFailure
from tracseq_gateway.upstream.server import UpstreamServer

if TYPE_CHECKING:
    from tracseq_gateway.authentication.identity import Identity
    from tracseq_gateway.gateway import Gateway
    from tracseq_gateway.proxy.target import Target
    from tracseq_gateway.upstream.service import Service

IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"})
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
        upstream_label: the server that was asked last, or empty.
        client_address: where the request came from.
        identity: the caller, where known.
        service: where the request is to go, once it may.
        started_at: the monotonic clock at its begin; the loop's own clock counts milliseconds only.
        answered_at: the same clock at the answer's head, 0 before.
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
        self.cause = ""
        self.upstream_label = ""
        self.client_address = ""
        self.identity: Identity | None = None
        self.service: Service | None = None
        self.answered_at = 0.0
        self.answer_lines = b""
        self.client_left = False
        self._upstream: UpstreamConnection | None = None
        self._outcome: asyncio.Future[Outcome | UpstreamFailure] | None = None
        self._retry_status_allowed = False
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

    # The way of the request

    async def forward(self, service: "Service", target: "Target", fields: bytes) -> None:
        """Send the request to the service's servers until one answers.

        Args:
            fields: the field lines for the service, all but Host.

        Raises:
            Problem: no server answered, and nothing of an answer was sent yet.
        """
        trial = service.breaker.admit()
        try:
            await self._try_servers(service, target, fields)
        finally:
            if trial:
                service.breaker.trial_abandoned()

    async def _try_servers(self, service: "Service", target: "Target", fields: bytes) -> None:
        settings = self.gateway.settings
        deadline = self.started_at + settings.upstream_retry_deadline
        attempts = settings.upstream_attempts
        tried: set[UpstreamServer] = set()
        fresh = False
        while True:
            attempts -= 1
            server = service.choose(tried)
            may_retry = attempts > 0 and monotonic() < deadline
            self._retry_status_allowed = may_retry and self._is_repeatable()
            result = await self._attempt(server, target, fields, fresh=fresh)
            if result is Outcome.ANSWERED:
                return
            fresh = result is UpstreamFailure.CLOSED and self._was_reused and not fresh and not self._answer_begun
            if not fresh:
                tried.add(server)
            if isinstance(result, UpstreamFailure):
                self._note_failure(result, service, server, stale=fresh)
                self._check_repeatable(result, may_retry=may_retry)

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

    def _check_repeatable(self, failure: UpstreamFailure, *, may_retry: bool) -> None:
        if self.response.started:
            raise AnswerCut
        if not may_retry or not (failure in NEVER_SENT or self._is_repeatable()):
            raise Problem(failure.status, failure.sentence, failure.value)

    def _is_repeatable(self) -> bool:
        return self.request.method in IDEMPOTENT and not self._body_sent and not self.request.has_body

    async def _attempt(
        self, server: UpstreamServer, target: "Target", fields: bytes, *, fresh: bool
    ) -> Outcome | UpstreamFailure:
        self.upstream_label = server.label
        server.outstanding += 1
        try:
            connection = None if fresh else server.pool.take_idle()
            if connection is None:
                connection = await server.pool.acquire(fresh=fresh)
            self._was_reused = connection.used
            self._upstream = connection
            self._outcome = self.gateway.loop.create_future()
            self._send(connection, server, target, fields)
            return await self._outcome
        except UpstreamError as error:
            return error.failure
        finally:
            server.outstanding -= 1
            self._upstream = None

    def _send(self, connection: UpstreamConnection, server: UpstreamServer, target: "Target", fields: bytes) -> None:
        request = self.request
        query = b"?" + request.query if request.query else b""
        head = b"%b %b%b%b HTTP/1.1\r\n%b%b\r\n" % (
            request.method,
            server.path_prefix,
            target.path,
            query,
            server.host_line,
            fields,
        )
        chunked = request.chunked
        connection.start(
            self,
            head,
            head_request=request.method == b"HEAD",
            chunked=chunked,
            timeout=self.gateway.settings.upstream_response_timeout,
        )
        if request.buffered:
            self._body_sent = True
            connection.write_body(request.take_buffer())
        if request.body_complete:
            if request.has_body:
                connection.finish_body()
            else:
                connection.request_sent()
            return
        request.sink = connection
        if connection.writable:
            self.connection.resume_reading()
        else:
            self.connection.pause_reading()

    # The client's side

    def client_gone(self) -> None:
        """Leave the service's work: nobody waits for it any more."""
        self.client_left = True
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
            upstream.abort()

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
        if self.service is not None:
            if status in FAILING_STATUSES:
                self.service.breaker.failed()
            else:
                self.service.breaker.succeeded()
        if status in RETRIED_STATUSES and self._retry_status_allowed and not self._body_sent:
            self.cause = f"status-{status}"
            if self._upstream is not None:
                self._upstream.abort()
            self._finish(Outcome.RETRIED_STATUS)
            return
        self.answered_at = monotonic()
        fields, length_known = field_lines(headers, self.answer_lines, without_length=status == 204)
        self.response.send_head(status, reason, fields, bodiless=bodiless, length_known=length_known)

    def on_content(self, data: bytes) -> None:
        """Pass a piece of content on."""
        if self.connection.tunnel is not None:
            self.connection.write(data)
            return
        self.response.send_body(data)

    def on_flush(self) -> None:
        """Write what came at once in one piece."""
        self.response.flush()
        if not self.connection.writable and self._upstream is not None:
            # Also where the client was too slow for an earlier answer already.
            self._upstream.pause_reading()

    def on_end(self, trailers: HeaderList) -> None:
        """End the answer."""
        if self.connection.tunnel is not None:
            self.connection.close()
        else:
            self.request.sink = None
            self.request.discard_body = True
            wanted = trailers and self.request.wants_trailers
            self._upstream = None
            self.response.finish(trailer_lines(trailers) if wanted else b"")
        self._finish(Outcome.ANSWERED)

    def on_switch(self, reason: bytes, headers: HeaderList, rest: bytes) -> None:
        """Join both connections into a tunnel (RFC 9110, 7.8)."""
        upstream = self._upstream
        if upstream is None or not self.request.upgrade:
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
        self.connection.begin_tunnel(upstream)
        if rest:
            self.connection.write(rest)

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
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(outcome)

    # The life of the exchange

    def begin(self) -> None:
        """Start to work on the request."""
        self._task = self.gateway.loop.create_task(self._run())

    def _stop_working(self) -> None:
        # A task that is cancelled before its first step would never come to _run's end.
        if self._task is not None and self._running:
            self._task.cancel()

    async def _run(self) -> None:
        self._running = True
        try:
            if self._problem is not None or self.client_left:
                raise asyncio.CancelledError
            await self.gateway.chain.run(self)
        except Problem as problem:
            self.fail(problem)
        except AnswerCut:
            self.connection.transport.abort()
        except asyncio.CancelledError:
            if self._problem is not None:
                self.fail(self._problem)
            elif not self.response.complete:
                self._leave_upstream()
                self.connection.transport.abort()
        except Exception:
            self.gateway.log.exception("A request failed by an error of the gateway itself.")
            self.fail(Problem(500, "The gateway failed.", "internal"))
        finally:
            self.gateway.chain.note_end(self)

    def answer_empty(self, status: int, lines: bytes) -> None:
        """Answer without content."""
        self.request.discard_body = True
        self.response.send_empty(status, lines)

    def fail(self, problem: Problem) -> None:
        """Answer with a problem where nothing was answered yet."""
        self.cause = problem.cause
        self._leave_upstream()
        if self.response.started:
            self.connection.transport.abort()
        else:
            self.gateway.answer_problem(self.response, problem, self.request_id, self.answer_lines)
