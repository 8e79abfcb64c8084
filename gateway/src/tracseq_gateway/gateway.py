"""Puts the parts of the gateway together and holds what they share."""

import asyncio
import logging
import ssl
from collections.abc import Callable

from tracseq_gateway.audit.trail import AuditTrail
from tracseq_gateway.authentication.guard import Guard
from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.downstream.connection import DownstreamConnection
from tracseq_gateway.downstream.encryption import Encryption, encryption
from tracseq_gateway.downstream.handler import Handler
from tracseq_gateway.downstream.limits import client_limits
from tracseq_gateway.downstream.request import Request
from tracseq_gateway.downstream.response import Response
from tracseq_gateway.endpoints.exchange import EndpointExchange
from tracseq_gateway.endpoints.view import GatewayView
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.infrastructure.database import Database
from tracseq_gateway.infrastructure.redis import RedisStore
from tracseq_gateway.infrastructure.shared_check import SharedCheck
from tracseq_gateway.limiting.limiter import RateLimiter
from tracseq_gateway.limiting.local_counter import LocalCounter
from tracseq_gateway.limiting.pace import INTERVAL_SECONDS, ServicePace
from tracseq_gateway.limiting.shared_counter import SharedCounter
from tracseq_gateway.logs.access_log import AccessLog
from tracseq_gateway.logs.masking import Masker
from tracseq_gateway.logs.sink import LogSink
from tracseq_gateway.metrics.gauges import take_gauges
from tracseq_gateway.metrics.recorder import MetricsRecorder
from tracseq_gateway.proxy.chain import RequestChain
from tracseq_gateway.proxy.client import ClientResolver
from tracseq_gateway.proxy.context import ExchangeContext
from tracseq_gateway.proxy.cors import CrossOrigin
from tracseq_gateway.proxy.exchange import Exchange
from tracseq_gateway.proxy.own_answers import send_problem
from tracseq_gateway.proxy.retry import RetryLimits
from tracseq_gateway.proxy.target import API_PREFIX
from tracseq_gateway.proxy.trace import request_id_from, trace_from
from tracseq_gateway.tracing.exporter import SpanExporter
from tracseq_gateway.tracing.tracer import Tracer
from tracseq_gateway.upstream.breaker import CircuitBreaker
from tracseq_gateway.upstream.health_check import HealthChecker
from tracseq_gateway.upstream.pool import ConnectionPool
from tracseq_gateway.upstream.server import UpstreamServer
from tracseq_gateway.upstream.service import Service

log = logging.getLogger("tracseq_gateway")

SWEEP_SECONDS = 0.5
LOG_FLUSH_SECONDS = 0.2
CHECK_SECONDS = 1.0
SPANS_STOP_SECONDS = 2.0
RENEWED_SECONDS = 5.0
"""Between two looks whether there is a new certificate."""


class Gateway:
    """One process's gateway.

    Attributes:
        downstreams: every open connection of a client.
        encryption: how clients are met at the encrypted port, None where there is none.
        services: the configured services by name.
    """

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop, log_sink: LogSink) -> None:
        self.settings = settings
        self.loop = loop
        self.clock = loop.time
        self.client_limits = client_limits(settings)
        self.downstreams: set[DownstreamConnection] = set()
        self.encryption: Encryption | None = encryption(settings)
        self.database = Database(settings)
        self.redis = RedisStore(settings)
        self.audit = AuditTrail(settings, self.database) if settings.enable_audit else None
        self.services = self._make_services()
        limit, window = settings.rate_limit_requests, settings.rate_limit_window
        self.limiter = RateLimiter(
            SharedCounter(self.redis, limit, window), LocalCounter(limit, window), limit, window, loop.time
        )
        self.metrics = MetricsRecorder(enabled=settings.enable_metrics)
        self._log_sink = log_sink
        self._masker = Masker(settings.log_mask_fields)
        endpoint = settings.trace_endpoint
        self._spans = SpanExporter(endpoint, settings.trace_queue) if endpoint else None
        self._guard = Guard(settings, self.redis, loop)
        self._context = ExchangeContext(
            loop,
            self._make_chain(),
            self.metrics,
            RetryLimits(settings.upstream_attempts, settings.upstream_retry_deadline),
        )
        self._view = GatewayView(
            lambda: self._readiness,
            self._take_gauges if settings.enable_metrics else None,
            self.services,
            self.limiter,
            SharedCheck(self.database.check, CHECK_SECONDS, loop.time),
            SharedCheck(self.redis.check, CHECK_SECONDS, loop.time),
            self.audit,
        )
        servers = [server for service in self.services.values() for server in service.servers]
        self._health_checker = HealthChecker(servers, settings.service_health_path, settings.health_check_interval)
        self._readiness = "starting"
        self._tasks: list[asyncio.Task[None]] = []

    def _make_chain(self) -> RequestChain:
        settings = self.settings
        return RequestChain(
            self.services,
            ClientResolver(settings.trusted_proxies),
            CrossOrigin(settings),
            self._guard,
            self.limiter,
            self.metrics,
            AccessLog(self._log_sink, self._masker) if settings.enable_access_log else None,
            self.audit,
            Tracer(self._spans, self._masker) if self._spans else None,
            settings.trace_sample_ratio,
        )

    def _make_services(self) -> dict[str, Service]:
        settings = self.settings
        tls = ssl.create_default_context(cafile=settings.upstream_ca_file)
        services: dict[str, Service] = {}
        for name, addresses in settings.services.items():
            servers = [
                UpstreamServer(address, ConnectionPool(address, settings, self.loop, tls if address.secure else None))
                for address in addresses
            ]
            breaker = CircuitBreaker(
                settings.circuit_breaker_failure_threshold, settings.circuit_breaker_recovery_timeout, self.loop.time
            )
            services[name] = Service(name, servers, breaker, ServicePace(adaptive=settings.adaptive_rate_limiting))
        return services

    # Life

    async def start(self) -> None:
        """Begin to work; what the gateway depends on may still be away."""
        self.database.start()
        self._guard.verifier.start()
        if self.audit is not None:
            self.audit.start()
        if self._spans is not None:
            self._spans.start()
        self._health_checker.start()
        self._tasks = [
            asyncio.create_task(self._repeat(SWEEP_SECONDS, self._sweep)),
            asyncio.create_task(self._repeat(INTERVAL_SECONDS, self._judge)),
            asyncio.create_task(self._repeat(LOG_FLUSH_SECONDS, self._log_sink.flush)),
        ]
        for one in (self.encryption, self.redis):
            if one is not None:
                self._tasks.append(asyncio.create_task(self._repeat(RENEWED_SECONDS, one.renew)))
        self._readiness = "ready"

    @property
    def draining(self) -> bool:
        """Whether the process has been told to stop."""
        return self._readiness == "draining"

    def drain(self) -> None:
        """Tell load balancers to send no more requests."""
        self._readiness = "draining"

    async def stop(self) -> None:
        """End the work; requests in flight have ended before."""
        self.drain()
        for task in self._tasks:
            task.cancel()
        self._health_checker.stop()
        self._guard.verifier.stop()
        for connection in list(self.downstreams):
            connection.transport.abort()
        for service in self.services.values():
            for server in service.servers:
                server.pool.close()
        if self.audit is not None:
            await self.audit.stop()
        if self._spans is not None:
            await asyncio.to_thread(self._spans.stop, SPANS_STOP_SECONDS)
        await self.redis.stop()
        await self.database.stop()
        self._log_sink.flush()

    async def _repeat(self, seconds: float, work: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                work()
            except Exception:
                log.exception("Work that repeats every %g seconds failed.", seconds)

    def _sweep(self) -> None:
        now = self.loop.time()
        for connection in list(self.downstreams):
            if connection.deadline < now:
                connection.expire()
        for service in self.services.values():
            for server in service.servers:
                server.pool.sweep(now)

    def _judge(self) -> None:
        for service in self.services.values():
            service.pace.judge()
        self.limiter.forget_old()
        self._take_gauges()

    def _take_gauges(self) -> None:
        take_gauges(self.services, len(self.downstreams), self.limiter, self.database, self.audit, self._spans)

    # Requests

    def handler_for(self, connection: DownstreamConnection, request: Request, response: Response) -> Handler:
        """Return who answers a request."""
        if request.path.startswith(API_PREFIX):
            return Exchange(self._context, connection, request, response)
        return EndpointExchange(self._view, request, response, connection.peer[0])

    def refuse(self, connection: DownstreamConnection, response: Response, problem: Problem) -> None:
        """Answer something that could not be understood as a request."""
        self.metrics.request_ended("", b"", problem.status, 0.0)
        log.info("A request from %s was refused: %s", connection.peer[0], problem.detail)
        send_problem(response, problem, request_id_from(None), trace_from(None).trace_id)
