"""Everything that a request passes before its service, and what is noted at its end."""

from time import monotonic
from typing import TYPE_CHECKING

from tracseq_gateway.audit.trail import AuditTrail
from tracseq_gateway.authentication.guard import Guard
from tracseq_gateway.authentication.identity import Identity
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.limiting.limiter import RateLimiter
from tracseq_gateway.logs.access_log import AccessLog
from tracseq_gateway.metrics.recorder import MetricsRecorder
from tracseq_gateway.proxy.client import ClientResolver, limit_key
from tracseq_gateway.proxy.cors import CrossOrigin
from tracseq_gateway.proxy.final_recipient import ALLOW_LINE, ends_here, refuse_trace
from tracseq_gateway.proxy.request_fields import common_fields
from tracseq_gateway.proxy.target import Target, find_target
from tracseq_gateway.proxy.trace import request_id_from, traceparent_from
from tracseq_gateway.upstream.breaker import BreakerState
from tracseq_gateway.upstream.failure import FAILING_STATUSES
from tracseq_gateway.upstream.service import Service

if TYPE_CHECKING:
    from tracseq_gateway.proxy.exchange import Exchange


class RequestChain:
    """The order: who and where from, where to, whether, how often, and then to the service."""

    def __init__(
        self,
        services: dict[str, Service],
        clients: ClientResolver,
        cross_origin: CrossOrigin,
        guard: Guard,
        limiter: RateLimiter,
        metrics: MetricsRecorder,
        access_log: AccessLog | None,
        audit: AuditTrail | None,
    ) -> None:
        self._services = services
        self._clients = clients
        self._cross_origin = cross_origin
        self._guard = guard
        self._limiter = limiter
        self._metrics = metrics
        self._access_log = access_log
        self._audit = audit

    def admit_at_once(self, exchange: "Exchange") -> bool:
        """Let a request through where all that decides on it is known already.

        Most requests need no more. False leaves the request to ``admit``, which can wait for
        answers and says what is wrong; nothing has been counted for it by then.
        """
        request = exchange.request
        if request.method in (b"OPTIONS", b"TRACE"):
            return False
        headers = self._read(exchange)
        authorization = headers.get(b"authorization")
        identity = None
        if authorization is not None:
            identity = self._guard.remembered(authorization)
            if identity is None:
                return False
        if not self._guard.allows(request.method, request.path, identity):
            return False
        try:
            target, exchange.path = find_target(request.path)
        except Problem:
            return False
        service = self._services.get(target.service)
        if service is None or service.breaker.state is not BreakerState.CLOSED:
            return False
        if self._limiter.enabled:
            key = limit_key(identity.user if identity else None, exchange.client.address)
            lines = self._limiter.spend_leased(key, service.pace.cost)
            if lines is None:
                return False
            exchange.answer_lines += lines
        self._let_through(exchange, service, target, identity, headers)
        return True

    async def admit(self, exchange: "Exchange") -> None:
        """Let a request through, or answer it where it is only a preflight.

        Raises:
            Problem: the request is not let through.
        """
        request = exchange.request
        headers = self._read(exchange)
        refuse_trace(request.method)
        if ends_here(request.method, headers.get(b"max-forwards")):
            exchange.answer_empty(204, exchange.answer_lines + ALLOW_LINE)
            return
        preflight = self._cross_origin.preflight_lines(request, headers)
        if preflight is not None:
            exchange.answer_empty(204, exchange.answer_lines + preflight)
            return
        target, exchange.path = find_target(request.path)
        service = self._services.get(target.service)
        cost = service.pace.cost if service is not None else 1.0
        identity = await self._identify(exchange, headers.get(b"authorization"), cost)
        if self._limiter.enabled:
            key = limit_key(identity.user if identity else None, exchange.client.address)
            exchange.answer_lines += await self._limiter.spend(key, cost)
        if service is None:
            raise Problem(404, "The service is not configured.", "route")
        self._let_through(exchange, service, target, identity, headers)

    def _read(self, exchange: "Exchange") -> dict[bytes, bytes]:
        request = exchange.request
        headers = dict(request.headers)
        exchange.request_id = request_id_from(headers.get(b"x-request-id"))
        exchange.client = self._clients.resolve(exchange.connection.peer[0], request.headers)
        exchange.request_id_line = exchange.answer_lines = b"x-request-id: %b\r\n" % exchange.request_id
        if b"origin" in headers:
            exchange.answer_lines += self._cross_origin.answer_lines(headers[b"origin"])
        return headers

    def _let_through(
        self,
        exchange: "Exchange",
        service: Service,
        target: Target,
        identity: Identity | None,
        headers: dict[bytes, bytes],
    ) -> None:
        exchange.identity = identity
        exchange.service = service
        exchange.fields = common_fields(
            exchange.request,
            exchange.client,
            target,
            exchange.request_id_line,
            traceparent_from(headers.get(b"traceparent")),
            identity.field_lines if identity else b"",
        )
        service.in_flight += 1

    async def _identify(self, exchange: "Exchange", authorization: bytes | None, cost: float) -> Identity | None:
        request = exchange.request
        try:
            identity = await self._guard.identify(request.method, request.path, authorization)
        except Problem as problem:
            # Guessing tokens is limited as any other use of an address.
            if problem.status == 401 and self._limiter.enabled:
                await self._limiter.spend(limit_key(None, exchange.client.address), cost)
            raise
        exchange.identity = identity
        return identity

    def note_end(self, exchange: "Exchange") -> None:
        """Count, log and audit a request that has ended."""
        now = monotonic()
        seconds = now - exchange.started_at
        service = exchange.service
        status = exchange.status
        name = ""
        if service is not None:
            name = service.name
            service.in_flight -= 1
            to_head = (exchange.answered_at or now) - exchange.started_at
            if not exchange.client_left:
                service.pace.record(to_head, failed=status in FAILING_STATUSES)
            if status == 101:
                seconds = to_head
        if exchange.cause == "limited":
            self._metrics.limited(name)
        self._metrics.request_ended(name, exchange.request.method, status, seconds)
        if self._audit is not None:
            self._audit.request_ended(exchange, seconds)
        if self._access_log is not None:
            self._access_log.request_ended(exchange, seconds)
