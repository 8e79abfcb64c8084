"""What the endpoints can see of the gateway."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tracseq_gateway.audit.trail import AuditTrail
from tracseq_gateway.infrastructure.shared_check import SharedCheck
from tracseq_gateway.limiting.limiter import RateLimiter
from tracseq_gateway.upstream.service import Service


@dataclass(frozen=True, slots=True)
class GatewayView:
    """The parts of one gateway.

    Attributes:
        readiness: tells ``starting``, ``ready`` or ``draining``.
        take_gauges: brings the metrics that are states up to date; None where metrics are switched off.
        database: tells whether Postgres is there, and how its connections are used.
        redis: tells whether Redis is there.
    """

    readiness: Callable[[], str]
    take_gauges: Callable[[], None] | None
    services: dict[str, Service]
    limiter: RateLimiter
    database: SharedCheck[dict[str, Any]]
    redis: SharedCheck[dict[str, Any]]
    audit: AuditTrail | None
