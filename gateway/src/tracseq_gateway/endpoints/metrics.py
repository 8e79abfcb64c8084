"""The metrics endpoint."""

import asyncio
from typing import TYPE_CHECKING

from tracseq_gateway.endpoints.answer import Answer
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.metrics.registry import CONTENT_TYPE, exposition

if TYPE_CHECKING:
    from tracseq_gateway.gateway import Gateway


async def metrics(gateway: "Gateway") -> Answer:
    """Answer the metrics of all workers in Prometheus's text format."""
    if not gateway.settings.enable_metrics:
        raise Problem(404, "Metrics are switched off by ENABLE_METRICS.", "route")
    gateway.metrics.take_gauges(gateway)
    # With several workers this reads files, which may take a while.
    return Answer(200, CONTENT_TYPE, await asyncio.to_thread(exposition))
