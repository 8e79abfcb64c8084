"""Asks every server of every service whether it is well."""

import asyncio
import logging
from collections.abc import Iterable

from tracseq_gateway import __version__
from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.upstream.failure import UpstreamError, UpstreamFailure
from tracseq_gateway.upstream.server import UpstreamServer

log = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0
RECOVERY_SECONDS = 5.0


class HealthChecker:
    """Checks servers at an interval; a server that answers below 500 is well."""

    def __init__(self, servers: Iterable[UpstreamServer], path: str, interval: float) -> None:
        self._servers = tuple(servers)
        self._path = path
        self._interval = interval
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to check."""
        self._tasks = [asyncio.create_task(self._watch(server)) for server in self._servers]

    def stop(self) -> None:
        """Check no more."""
        for task in self._tasks:
            task.cancel()

    async def _watch(self, server: UpstreamServer) -> None:
        while True:
            healthy = await self._check(server)
            if healthy != server.healthy:
                log.warning("%s is %s.", server.label, "well again" if healthy else "not well and is left out")
                server.healthy = healthy
            await asyncio.sleep(self._interval if server.healthy else min(self._interval, RECOVERY_SECONDS))

    async def _check(self, server: UpstreamServer) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await _Probe(server, self._path).status() < 500
        except (UpstreamError, TimeoutError):
            return False


class _Probe:
    """Takes the answer to one check; its content is not looked at."""

    def __init__(self, server: UpstreamServer, path: str) -> None:
        self._server = server
        self._head = (
            f"GET {server.address.path_prefix}{path} HTTP/1.1\r\nhost: {server.address.authority}\r\n"
            f"user-agent: tracseq-gateway/{__version__}\r\nconnection: close\r\n\r\n"
        ).encode()
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def status(self) -> int:
        """Ask, and return the answer's status.

        Raises:
            UpstreamError: there was no answer.
        """
        # A new connection each time: that the server still takes them is a part of the question.
        connection = await self._server.pool.acquire(fresh=True)
        try:
            connection.start(self, self._head, head_request=False, chunked=False, whole=True, timeout=ANSWER_SECONDS)
            return await self._status
        finally:
            connection.abort()

    def on_interim(self, status: int, reason: bytes, headers: HeaderList) -> None:
        """Wait on."""

    def on_response(self, status: int, reason: bytes, headers: HeaderList, *, bodiless: bool) -> None:
        """Take the status."""
        if not self._status.done():
            self._status.set_result(status)

    def on_content(self, data: bytes) -> None:
        """Drop it."""

    def on_end(self, trailers: HeaderList) -> None:
        """The status is known by now."""

    def on_switch(self, reason: bytes, headers: HeaderList, rest: bytes) -> None:
        """No such thing was asked for."""
        self.on_failure(UpstreamFailure.MALFORMED, answered=True)

    def on_failure(self, failure: UpstreamFailure, *, answered: bool) -> None:
        """Tell that there is no answer."""
        if not self._status.done():
            self._status.set_exception(UpstreamError(failure))

    def on_flush(self) -> None:
        """Nothing is kept back."""

    def upstream_writable(self, writable: bool) -> None:
        """The request is written already."""
