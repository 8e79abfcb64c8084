"""One request on its way through the gateway, from the client to a service and back.

An exchange stands between a client's connection and a service's: it passes the pieces of
both bodies on as they come and makes each side wait for the other. Both halves share their
state, which makes the file longer than others.
"""

import asyncio
import logging
from collections.abc import Coroutine
from enum import Enum, auto
from time import monotonic
from typing import Final

from tracseq_gateway.downstream.connection import DownstreamConnection
from tracseq_gateway.downstream.request import Request
from tracseq_gateway.downstream.response import Response
from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.proxy.context import ExchangeContext
from tracseq_gateway.proxy.own_answers import Answered, send_problem
from tracseq_gateway.proxy.response_fields import field_lines, trailer_lines
from tracseq_gateway.proxy.retry import IDEMPOTENT, Attempts, Verdict, after_failure, after_status, is_stale
from tracseq_gateway.proxy.tunnel import WebSocketTunnel
from tracseq_gateway.proxy.via import VIA
from tracseq_gateway.record import RequestRecord
from tracseq_gateway.upstream.connection import UpstreamConnection
from tracseq_gateway.upstream.failure import FAILING_STATUSES, UpstreamError, UpstreamFailure
from tracseq_gateway.upstream.server import UpstreamServer
from tracseq_gateway.upstream.service import Service

log = logging.getLogger("tracseq_gateway")


class AnswerCut(Exception):
    """The answer ended before it was whole, and the client must see that (RFC 9112, 8)."""


class Outcome(Enum):
    """How one attempt ended that did not fail."""

    ANSWERED = auto()
    RETRIED_STATUS = auto()


# Python 3.11 looks a member up slowly, and this one is asked for at every answer.
ANSWERED: Final = Outcome.ANSWERED


class Exchange:
    """Brings one request to a service and its answer back.

    Attributes:
        record: what is known of the request.
    """

    __slots__ = (
        "_admission",
        "_answer_begun",
        "_attempts",
        "_body_sent",
        "_connection",
        "_context",
        "_early",
        "_fresh",
        "_outcome",
        "_request",
        "_response",
        "_running",
        "_task",
        "_upstream",
        "_was_reused",
        "record",
    )

    def __init__(
        self, context: ExchangeContext, connection: DownstreamConnection, request: Request, response: Response
    ) -> None:
        self.record = RequestRecord(request, response, connection.peer[0])
        self._context = context
        self._connection = connection
        self._request = request
        self._response = response
        self._admission: Coroutine[None, None, None] | None = None
        self._early: Problem | Answered | None = None
        self._upstream: UpstreamConnection | None = None
        self._outcome: asyncio.Future[Outcome | UpstreamFailure] | None = None
        self._attempts = 0
        self._body_sent = False
        self._was_reused = False
        self._fresh = False
        self._answer_begun = False
        self._running = False
        self._task: asyncio.Task[None] | None = None

    # The way of the request

    def begin(self) -> None:
        """Start to work on the request; a task is made only where something must be waited for."""
        try:
            self._admission = self._context.chain.admit(self.record)
            if self._admission is None and self._send_at_once():
                return
        except (Problem, Answered) as early:
            # Answered by a task all the same: thousands of requests at once, each answered within
            # the end of the one before, would go too deep.
            self._early = early
        except Exception:
            self._early = _own_error()
        self._start_task()

    def _start_task(self, result: Outcome | UpstreamFailure | None = None) -> None:
        self._task = self._context.loop.create_task(self._run(result))

    def _send_at_once(self) -> bool:
        service = self.record.service
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
        record = self.record
        if record.server is not None:
            record.server.outstanding -= 1
        record.server = server
        server.outstanding += 1

    async def _forward(self, service: Service, result: Outcome | UpstreamFailure | None) -> None:
        """Send the request to the service's servers until one answers.

        Args:
            result: how the attempt ended that was made at once, if one was.

        Raises:
            Problem: no server answered, and nothing of an answer was sent yet.
        """
        tried: set[UpstreamServer] = set()
        server = self.record.server or service.choose()
        while True:
            if result is None:
                self._choose(server)
                result = await self._attempt(server)
            if result is ANSWERED:
                return
            self._fresh = isinstance(result, UpstreamFailure) and self._is_same_server_next(result, service, server)
            if not self._fresh:
                tried.add(server)
                server = service.choose(tried)
            result = None

    def _is_same_server_next(self, failure: UpstreamFailure, service: Service, server: UpstreamServer) -> bool:
        self.record.cause = failure.value
        attempts = self._made_so_far()
        stale = is_stale(failure, attempts)
        self._context.metrics.upstream_failed(service.name, "stale" if stale else failure.value)
        if not stale and failure is not UpstreamFailure.OVERLOADED:
            service.breaker.failed()
        if failure in (UpstreamFailure.CONNECT, UpstreamFailure.CONNECT_TIMEOUT):
            # The next check decides whether it is well again.
            server.healthy = False
        verdict = after_failure(failure, attempts, self._context.retry_limits)
        if verdict is Verdict.CUT:
            raise AnswerCut
        self._take_answer_back()
        if verdict is Verdict.GIVE_UP:
            raise Problem(failure.status, failure.sentence, failure.value)
        return verdict is Verdict.SAME_SERVER

    def _made_so_far(self) -> Attempts:
        request = self._request
        return Attempts(
            made=self._attempts,
            seconds=monotonic() - self.record.started_at,
            repeatable=request.method in IDEMPOTENT and not self._body_sent and not request.has_body,
            reused=self._was_reused,
            fresh=self._fresh,
            answer_begun=self._answer_begun,
            answer_sent=self._response.started,
        )

    def _take_answer_back(self) -> None:
        self.record.answered_at = 0.0
        self._response.retract()

    async def _attempt(self, server: UpstreamServer) -> Outcome | UpstreamFailure:
        self._attempts += 1
        self._was_reused = self._answer_begun = False
        try:
            connection = await server.pool.acquire(fresh=self._fresh)
        except UpstreamError as error:
            return error.failure
        self._outcome = self._context.loop.create_future()
        self._send(connection, server)
        return await self._outcome

    def _send(self, connection: UpstreamConnection, server: UpstreamServer) -> None:
        self._upstream = connection
        self._was_reused = connection.used
        request, record = self._request, self.record
        query = b"?" + request.query if request.query else b""
        head = b"".join(
            (
                request.method,
                b" ",
                server.path_prefix,
                record.path,
                query,
                b" HTTP/1.1\r\n",
                server.host_line,
                record.fields,
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
            self._connection.resume_reading()
        if not request.body_complete:
            self._send_body_as_it_comes(connection)

    def _send_body_as_it_comes(self, connection: UpstreamConnection) -> None:
        self._request.sink = connection
        if connection.writable:
            self._connection.resume_reading()
        else:
            self._connection.pause_reading()

    # The client's side

    def client_gone(self) -> None:
        """Leave the service's work: nobody waits for it any more."""
        record = self.record
        record.client_left = True
        if record.answered_at and record.service is not None and record.status not in FAILING_STATUSES:
            record.service.breaker.left(monotonic() - record.answered_at)
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
        if self._response.started:
            self._connection.abort()
            return
        self._early = problem
        self._stop_working()

    def check(self) -> None:
        """End a request whose connection is no longer its own, whatever became of that."""
        upstream = self._upstream
        if upstream is not None and (upstream.closed or upstream.receiver is not self):
            self.on_failure(UpstreamFailure.CLOSED, answered=self._response.started)

    def _leave_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        self._request.sink = None
        self._request.discard_body = True
        if upstream is not None:
            upstream.leave()

    # The service's side

    def on_interim(self, status: int, reason: bytes, headers: HeaderList) -> None:
        """Pass a 1xx answer on (RFC 9110, 15.2)."""
        if status == 100 and not self._request.expects_continue:
            return
        fields, _ = field_lines(headers, b"", without_length=True, secure=False)
        self._response.send_interim(status, reason, fields)
        self._response.flush()

    def on_response(self, status: int, reason: bytes, headers: HeaderList, *, bodiless: bool) -> None:
        """Send the answer's head, or try another server instead."""
        record, upstream = self.record, self._upstream
        if status in FAILING_STATUSES and after_status(status, self._made_so_far(), self._context.retry_limits):
            record.cause = f"status-{status}"
            if record.service is not None:
                record.service.breaker.failed()
            if upstream is not None:
                upstream.leave()
            self._finish(Outcome.RETRIED_STATUS)
            return
        record.answered_at = monotonic()
        if record.trial and record.service is not None and status not in FAILING_STATUSES:
            record.service.breaker.answers(record.trial)
        lines = VIA[upstream is not None and upstream.version == "1.0"] + record.answer_lines
        fields, length_known = field_lines(headers, lines, without_length=status == 204)
        self._response.send_head(status, reason, fields, bodiless=bodiless, length_known=length_known)

    def on_content(self, data: bytes) -> None:
        """Pass a piece of content on."""
        self._response.send_body(data)

    def on_flush(self) -> None:
        """Write what came at once in one piece."""
        self._response.flush()
        if not self._connection.writable and self._upstream is not None:
            # Also where the client was too slow for an earlier answer already.
            self._upstream.pause_reading()

    def on_end(self, trailers: HeaderList) -> None:
        """End the answer."""
        request, response, service = self._request, self._response, self.record.service
        request.sink = None
        request.discard_body = True
        if service is not None:
            if response.status in FAILING_STATUSES:
                service.breaker.failed()
            else:
                service.breaker.succeeded()
        self._upstream = None
        response.finish(trailer_lines(trailers) if trailers and request.wants_trailers else b"")
        self._finish(ANSWERED)

    def on_switch(self, reason: bytes, headers: HeaderList, rest: bytes) -> None:
        """Join both connections into a tunnel (RFC 9110, 7.8)."""
        upstream, record, connection = self._upstream, self.record, self._connection
        if upstream is None or record.server is None or not self._request.upgrade:
            self._leave_upstream()
            self._finish(UpstreamFailure.MALFORMED)
            return
        record.answered_at = monotonic()
        if record.service is not None:
            record.service.breaker.succeeded()
        fields, _ = field_lines(headers, record.answer_lines, without_length=True)
        switch = b"connection: upgrade\r\nupgrade: %b\r\n" % self._request.upgrade
        self._response.send_switch(reason, fields + switch)
        self._response.flush()
        upstream.receiver = tunnel = WebSocketTunnel(
            connection,
            upstream,
            connection.clock,
            connection.limits.idle_seconds,
            record.server.pool.idle_timeout,
            lambda: self._finish(ANSWERED),
        )
        connection.begin_tunnel(tunnel)
        if rest:
            tunnel.on_content(rest)

    def on_failure(self, failure: UpstreamFailure, *, answered: bool) -> None:
        """Note that this attempt brought no whole answer."""
        self._answer_begun = answered
        self._request.sink = None
        self._upstream = None
        self._finish(failure)

    def upstream_writable(self, writable: bool) -> None:
        """Make the client wait for a slow service."""
        if writable:
            self._connection.resume_reading()
        else:
            self._connection.pause_reading()

    def _finish(self, outcome: Outcome | UpstreamFailure) -> None:
        waiting = self._outcome
        if waiting is not None:
            if not waiting.done():
                waiting.set_result(outcome)
        elif outcome is ANSWERED:
            self._end()
        elif self._task is None:
            self._start_task(outcome)

    # The life of the exchange

    def _stop_working(self) -> None:
        if self._task is None:
            self._start_task()
        # A task that is cancelled before its first step would never come to _run's end.
        elif self._running:
            self._task.cancel()

    def _end(self) -> None:
        record = self.record
        if record.server is not None:
            record.server.outstanding -= 1
        self._context.chain.note_end(record)

    async def _run(self, result: Outcome | UpstreamFailure | None) -> None:
        self._running = True
        admission, self._admission = self._admission, None
        try:
            if self._early is not None:
                raise self._early
            if self.record.client_left:
                raise asyncio.CancelledError
            if admission is not None:
                await admission
            if self.record.service is not None:
                await self._forward(self.record.service, result)
        except Problem as problem:
            self._fail(problem)
        except Answered as answered:
            self._request.discard_body = True
            self._response.send_empty(204, answered.lines)
        except AnswerCut:
            self._cut()
        except asyncio.CancelledError:
            if isinstance(self._early, Problem):
                self._fail(self._early)
            elif not self._response.complete:
                self._leave_upstream()
                self._connection.abort()
        except Exception:
            self._fail(_own_error())
        finally:
            if admission is not None:
                admission.close()
            self._end()

    def _fail(self, problem: Problem) -> None:
        """Answer with a problem where nothing was answered yet."""
        record = self.record
        record.cause = problem.cause
        self._leave_upstream()
        if self._response.started:
            self._cut()
        else:
            self._take_answer_back()
            send_problem(self._response, problem, record.request_id, record.trace.trace_id, record.answer_lines)

    def _cut(self) -> None:
        if self._response.ends_with_connection:
            self._connection.cut()
        else:
            self._connection.abort()


def _own_error() -> Problem:
    log.exception("A request failed by an error of the gateway itself.")
    return Problem(500, "The gateway failed.", "internal")
