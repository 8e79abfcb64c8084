"""Everything that a request passes before its service, and what is noted at its end."""

from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic

from tracseq_gateway.audit.trail import AuditTrail
from tracseq_gateway.authentication.guard import Guard
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.limiting.limiter import RateLimiter
from tracseq_gateway.logs.access_log import AccessLog
from tracseq_gateway.metrics.recorder import MetricsRecorder
from tracseq_gateway.proxy.client import ClientResolver, limit_key
from tracseq_gateway.proxy.cors import CrossOrigin
from tracseq_gateway.proxy.final_recipient import ALLOW_LINE, ANSWERED_HERE, ends_here, refuse_trace
from tracseq_gateway.proxy.own_answers import Answered
from tracseq_gateway.proxy.request_fields import common_fields
from tracseq_gateway.proxy.target import find_target
from tracseq_gateway.proxy.trace import request_id_from, trace_from
from tracseq_gateway.record import RequestRecord
from tracseq_gateway.tracing.tracer import Tracer
from tracseq_gateway.upstream.failure import FAILING_STATUSES
from tracseq_gateway.upstream.service import Service

Policy = Callable[[RequestRecord], Awaitable[None] | None]
"""Adds to a record, or refuses it by raising a Problem; returns what must be waited for, if anything."""


class RequestChain:
    """The policies in their order: who and where from, where to, whether, how often, and then the service."""

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
        tracer: Tracer | None,
        trace_ratio: float,
    ) -> None:
        self._services = services
        self._clients = clients
        self._cross_origin = cross_origin
        self._guard = guard
        self._limiter = limiter
        self._metrics = metrics
        self._access_log = access_log
        self._audit = audit
        self._tracer = tracer
        self._trace_ratio = trace_ratio
        self._policies: tuple[Policy, ...] = (
            self._understand,
            self._identify,
            *((self._limit,) if limiter.enabled else ()),
            self._let_through,
        )

    def admit(self, record: RequestRecord) -> Coroutine[None, None, None] | None:
        """Let a request through; return what is left to be waited for, None where nothing is.

        Most requests find all that decides on them in memory and wait for nothing.

        Raises:
            Problem: the request is not let through.
            Answered: it is answered here.
        """
        for number, policy in enumerate(self._policies, 1):
            waiting = policy(record)
            if waiting is not None:
                return self._go_on(waiting, number, record)
        return None

    async def _go_on(self, waiting: Awaitable[None], number: int, record: RequestRecord) -> None:
        await waiting
        for policy in self._policies[number:]:
            further = policy(record)
            if further is not None:
                await further

    def _understand(self, record: RequestRecord) -> None:
        request = record.request
        record.headers = headers = dict(request.headers)
        record.request_id = request_id_from(headers.get(b"x-request-id"))
        record.trace = trace_from(headers.get(b"traceparent"), self._trace_ratio)
        record.client = self._clients.resolve(record.peer, request.headers)
        record.answer_lines = b"x-request-id: %b\r\n" % record.request_id
        if b"origin" in headers:
            record.answer_lines += self._cross_origin.answer_lines(headers[b"origin"])
        if request.method in ANSWERED_HERE:
            self._answer_here(record)
        record.target, record.path = find_target(request.path)

    def _answer_here(self, record: RequestRecord) -> None:
        request = record.request
        refuse_trace(request.method)
        if ends_here(request.method, record.headers.get(b"max-forwards")):
            raise Answered(record.answer_lines + ALLOW_LINE)
        preflight = self._cross_origin.preflight_lines(request, record.headers)
        if preflight is not None:
            raise Answered(record.answer_lines + preflight)

    def _identify(self, record: RequestRecord) -> Awaitable[None] | None:
        request = record.request
        authorization = record.headers.get(b"authorization")
        identity = None
        if authorization is not None:
            identity = self._guard.remembered(authorization)
            if identity is None:
                return self._ask_who(record, authorization)
        if not self._guard.allows(request.method, request.path, identity):
            return self._ask_who(record, authorization)
        record.identity = identity
        return None

    async def _ask_who(self, record: RequestRecord, authorization: bytes | None) -> None:
        request = record.request
        try:
            record.identity = await self._guard.identify(request.method, request.path, authorization)
        except Problem as problem:
            # Guessing tokens is limited as any other use of an address.
            if problem.status == 401 and self._limiter.enabled:
                await self._limiter.spend(limit_key(None, record.client.address), self._cost(record))
            raise

    def _limit(self, record: RequestRecord) -> Awaitable[None] | None:
        identity = record.identity
        key = limit_key(identity.user if identity else None, record.client.address)
        cost = self._cost(record)
        lines = self._limiter.spend_leased(key, cost)
        if lines is None:
            return self._ask_for_lease(record, key, cost)
        record.answer_lines += lines
        return None

    async def _ask_for_lease(self, record: RequestRecord, key: str, cost: float) -> None:
        record.answer_lines += await self._limiter.spend(key, cost)

    def _cost(self, record: RequestRecord) -> float:
        service = self._service(record)
        return service.pace.cost if service is not None else 1.0

    def _service(self, record: RequestRecord) -> Service | None:
        return self._services.get(record.target.service) if record.target is not None else None

    def _let_through(self, record: RequestRecord) -> None:
        service = self._service(record)
        if service is None or record.target is None:
            raise Problem(404, "The service is not configured.", "route")
        record.service = service
        service.in_flight += 1
        record.trial = service.breaker.admit()
        record.fields = common_fields(
            record.request,
            record.client,
            record.target,
            record.request_id,
            record.trace.line,
            record.identity.field_lines if record.identity else b"",
        )

    def note_end(self, record: RequestRecord) -> None:
        """Count, log and audit a request that has ended."""
        now = monotonic()
        seconds = now - record.started_at
        service = record.service
        status = record.status
        name = ""
        if service is not None:
            name = service.name
            service.in_flight -= 1
            service.breaker.trial_abandoned(record.trial)
            to_head = (record.answered_at or now) - record.started_at
            if not record.client_left:
                service.pace.record(to_head, failed=status in FAILING_STATUSES)
            if status == 101:
                seconds = to_head
            self._metrics.used(
                name, record.request.method, record.path, record.identity, answered_well=100 < status < 300
            )
        if record.cause == "limited":
            self._metrics.limited(name)
        self._metrics.request_ended(name, record.request.method, status, seconds)
        if self._audit is not None:
            self._audit.request_ended(record, seconds)
        if self._access_log is not None:
            self._access_log.request_ended(record, seconds)
        if self._tracer is not None:
            self._tracer.request_ended(record, seconds)
