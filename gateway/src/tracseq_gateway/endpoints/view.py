"""What the endpoints can see of the gateway."""

from collections.abc import Callable
from dataclasses import dataclass

from tracseq_gateway.audit.trail import AuditTrail
from tracseq_gateway.infrastructure.database import Database
from tracseq_gateway.infrastructure.redis import RedisStore
from tracseq_gateway.limiting.limiter import RateLimiter
from tracseq_gateway.upstream.service import Service


@dataclass(frozen=True, slots=True)
class GatewayView:
    """The parts of one gateway.

    Attributes:
        readiness: tells ``starting``, ``ready`` or ``draining``.
        take_gauges: brings the metrics that are states up to date; None where metrics are switched off.
    """

    readiness: Callable[[], str]
    take_gauges: Callable[[], None] | None
    services: dict[str, Service]
    limiter: RateLimiter
    database: Database
    redis: RedisStore
    audit: AuditTrail | None
