"""What an exchange needs of the gateway."""

import asyncio
from dataclasses import dataclass

from tracseq_gateway.metrics.recorder import MetricsRecorder
from tracseq_gateway.proxy.chain import RequestChain
from tracseq_gateway.proxy.retry import RetryLimits


@dataclass(frozen=True, slots=True)
class ExchangeContext:
    """The same for all exchanges of a process.

    Attributes:
        loop: runs what must be waited for.
        chain: lets requests through, and notes their end.
        metrics: counts attempts that failed.
        retry_limits: how often a request is sent.
    """

    loop: asyncio.AbstractEventLoop
    chain: RequestChain
    metrics: MetricsRecorder
    retry_limits: RetryLimits
