"""Which path of the gateway's own is answered by what."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tracseq_gateway.endpoints import health, metrics, openapi
from tracseq_gateway.endpoints.answer import Answer

if TYPE_CHECKING:
    from tracseq_gateway.gateway import Gateway

Endpoint = Callable[["Gateway"], Awaitable[Answer]]

ENDPOINTS: dict[bytes, Endpoint] = {
    b"/health": health.live,
    b"/health/ready": health.ready,
    b"/health/detailed": health.detailed,
    b"/metrics": metrics.metrics,
    b"/openapi.json": openapi.openapi,
}
