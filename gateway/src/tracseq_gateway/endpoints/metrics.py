"""The metrics endpoint."""

import asyncio

from tracseq_gateway.endpoints.answer import Answer
from tracseq_gateway.endpoints.view import GatewayView
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.metrics.registry import CONTENT_TYPE, exposition


async def metrics(view: GatewayView) -> Answer:
    """Answer the metrics of all workers in Prometheus's text format."""
    if view.take_gauges is None:
        raise Problem(404, "Metrics are switched off by ENABLE_METRICS.", "route")
    view.take_gauges()
    # With several workers this reads files, which may take a while.
    return Answer(200, CONTENT_TYPE, await asyncio.to_thread(exposition))
