"""Connections that last: how late events come, and what a thousand silent WebSockets take up."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from soak.services import Service

from benchmarks.proxies import BARE, Proxies
from support.gateway import GatewayProcess
from support.kernel import resident_memory
from support.upstreams import Upstream, read_head

EVENTS = 400
EVENT_SECONDS = 0.005
SOCKETS = 1000
UPGRADE = (
    b"GET /api/events/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def event_delays(proxies: Proxies) -> Iterator[tuple[str, float, float]]:
    """Give for the way without and with the gateway the median and the 99th percentile, in milliseconds."""
    service = Upstream(_send_events)
    gateway = proxies.gateway(**BARE, EVENT_SERVICE_URL=service.url)
    for name, port in (("direct", service.port), ("through the gateway", gateway.port)):
        delays = sorted(_delays(port))
        yield name, delays[len(delays) // 2] * 1000, delays[len(delays) * 99 // 100] * 1000
    service.close()


def _send_events(connection: socket.socket) -> None:
    read_head(connection)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(EVENTS):
        time.sleep(EVENT_SECONDS)
        event = b"data: %.9f\n\n" % time.monotonic()
        connection.sendall(b"%x\r\n%b\r\n" % (len(event), event))
    connection.sendall(b"0\r\n\r\n")


def _delays(port: int) -> Iterator[float]:
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as lines:
        connection.sendall(b"GET /api/events/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for line in lines:
            if line.startswith(b"data: "):
                yield time.monotonic() - float(line.removeprefix(b"data: "))


def websocket_memory(proxies: Proxies) -> float:
    """Return how many bytes a gateway takes for each of a thousand WebSockets that say nothing."""
    with _service() as url:
        gateway = proxies.gateway(**BARE, EVENT_SERVICE_URL=url, UPSTREAM_MAX_CONNECTIONS=2 * SOCKETS)
        with contextlib.ExitStack() as first:
            _open_sockets(gateway, 10, first)
        before = resident_memory(gateway.process.pid)
        with contextlib.ExitStack() as stack:
            _open_sockets(gateway, SOCKETS, stack)
            return (resident_memory(gateway.process.pid) - before) / SOCKETS


def _open_sockets(gateway: GatewayProcess, count: int, stack: contextlib.ExitStack) -> None:
    for _ in range(count):
        connection = stack.enter_context(gateway.connect())
        connection.sendall(UPGRADE)
        if not read_head(connection).startswith(b"HTTP/1.1 101"):
            raise RuntimeError("A WebSocket was not let through.")


@contextlib.contextmanager
def _service() -> Iterator[str]:
    loop = asyncio.new_event_loop()
    service = Service()
    loop.run_until_complete(service.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield service.url
    asyncio.run_coroutine_threadsafe(service.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
