"""Brings the metrics up to date that are states rather than events."""

import asyncio

from tracseq_gateway.audit.trail import AuditTrail
from tracseq_gateway.infrastructure.database import Database
from tracseq_gateway.limiting.limiter import RateLimiter
from tracseq_gateway.metrics import registry
from tracseq_gateway.tracing.exporter import SpanExporter
from tracseq_gateway.upstream.service import Service


def take_gauges(
    services: dict[str, Service],
    clients: int,
    limiter: RateLimiter,
    database: Database,
    audit: AuditTrail | None,
    spans: SpanExporter | None,
) -> None:
    """Set all gauges; ``clients`` is the number of their connections."""
    for name, service in services.items():
        registry.IN_FLIGHT.labels(name).set(service.in_flight)
        registry.BREAKER_STATE.labels(name).set(service.breaker.state)
        registry.LIMIT_COST.labels(name).set(service.pace.cost)
        registry.UPSTREAM_CONNECTIONS.labels(name).set(sum(len(server.pool.connections) for server in service.servers))
        registry.UPSTREAM_WAITING.labels(name).set(sum(server.pool.waiting for server in service.servers))
    registry.CLIENT_CONNECTIONS.set(clients)
    registry.TASKS.set(len(asyncio.all_tasks()))
    registry.LIMIT_SHARED.set(limiter.shared)
    if audit is not None:
        registry.AUDIT_BACKLOG.labels("memory").set(audit.in_memory)
        registry.AUDIT_BACKLOG.labels("disk").set(audit.on_disk)
        registry.AUDIT_WAIT.set(audit.waits)
    if spans is not None:
        registry.SPANS_WAIT.set(spans.waits)
    usage = database.pool_usage()
    registry.DATABASE_CONNECTIONS.labels("open").set(usage["size"])
    registry.DATABASE_CONNECTIONS.labels("idle").set(usage["idle"])
