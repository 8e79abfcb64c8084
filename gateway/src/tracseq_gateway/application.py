"""The ASGI application that uvicorn runs; it knows the lifespan only.

Requests do not come this way: uvicorn is given the gateway's own protocol class, which
streams where ASGI would copy. What is left for ASGI is to start and to stop.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any

from tracseq_gateway.configuration.settings import load_settings
from tracseq_gateway.gateway import Gateway
from tracseq_gateway.logs.event_log import start_logging

Message = MutableMapping[str, Any]


async def application(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Start the gateway, hand it to the protocol by the lifespan's state, and stop it."""
    await receive()
    loop = asyncio.get_running_loop()
    settings = load_settings()
    log_sink = start_logging(settings)
    gateway = Gateway(settings, loop, log_sink)
    scope["state"]["gateway"] = gateway
    await gateway.start()
    drain_on_signals(gateway)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await gateway.stop()
    await send({"type": "lifespan.shutdown.complete"})


def drain_on_signals(gateway: Gateway) -> None:
    """Let load balancers see that the gateway drains before uvicorn stops to accept."""
    for number in (signal.SIGTERM, signal.SIGINT):
        stop = signal.getsignal(number)

        def drain(received: int, frame: FrameType | None, stop: Any = stop) -> None:
            delay = gateway.settings.gateway_drain_delay
            gateway.drain()
            if not delay or not callable(stop):
                stop(received, frame)
                return
            gateway.loop.call_soon_threadsafe(gateway.loop.call_later, delay, stop, received, frame)

        signal.signal(number, drain)
