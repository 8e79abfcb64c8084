"""Asks every server of every service whether it is well."""

import asyncio
import logging
from collections.abc import Iterable

from tracseq_gateway.upstream.failure import UpstreamError
from tracseq_gateway.upstream.probe import Probe
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
                return await Probe(server, self._path, ANSWER_SECONDS).status() < 500
        except (UpstreamError, OSError):
            return False
