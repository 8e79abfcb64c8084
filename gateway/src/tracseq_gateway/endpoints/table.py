"""Which path of the gateway's own is answered by what."""

from collections.abc import Awaitable, Callable

from tracseq_gateway.endpoints import health, metrics, openapi
from tracseq_gateway.endpoints.answer import Answer
from tracseq_gateway.endpoints.view import GatewayView

Endpoint = Callable[[GatewayView], Awaitable[Answer]]

ENDPOINTS: dict[bytes, Endpoint] = {
    b"/health": health.live,
    b"/health/ready": health.ready,
    b"/health/detailed": health.detailed,
    b"/metrics": metrics.metrics,
    b"/openapi.json": openapi.openapi,
}
