"""The connections to one server of a service."""

import asyncio
import ssl
from collections import deque

from tracseq_gateway.configuration.service_urls import UpstreamAddress
from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.upstream.connection import UpstreamConnection
from tracseq_gateway.upstream.failure import UpstreamError, UpstreamFailure


class ConnectionPool:
    """Opens connections as they are needed, keeps idle ones for a while, and bounds them all.

    Attributes:
        secure: the connections are encrypted.
        connections: every open connection, idle or not.
        response_timeout: seconds until an answer's head must have come.
        idle_timeout: seconds that may pass between two pieces of an answer.
    """

    def __init__(
        self,
        address: UpstreamAddress,
        settings: Settings,
        loop: asyncio.AbstractEventLoop,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.address = address
        self.secure = tls is not None
        self.response_timeout = settings.upstream_response_timeout
        self.idle_timeout = settings.upstream_idle_timeout
        self.connections: set[UpstreamConnection] = set()
        self._connect_timeout = settings.upstream_connect_timeout
        self._keep_alive = settings.upstream_keep_alive_timeout
        self._limit = settings.upstream_max_connections
        self._loop = loop
        self._tls = tls
        self._idle: list[UpstreamConnection] = []
        self._opening = 0
        self._waiters: deque[asyncio.Future[None]] = deque()

    def take_idle(self) -> UpstreamConnection | None:
        """Return the connection used last, or None; ``sweep`` has closed what was idle too long."""
        while self._idle:
            connection = self._idle.pop()
            if not (connection.closed or connection.transport.is_closing()):
                return connection
        return None

    async def acquire(self, *, fresh: bool = False) -> UpstreamConnection:
        """Return an idle connection or a new one.

        Args:
            fresh: open a new one, as an idle one has just turned out to be closed.

        Raises:
            UpstreamError: none could be opened, or none came free in time.
        """
        while True:
            if not fresh and (connection := self.take_idle()) is not None:
                return connection
            if len(self.connections) + self._opening < self._limit:
                return await self._open()
            if fresh and self._idle:
                self._idle[0].close()
                continue
            await self._wait()

    async def _open(self) -> UpstreamConnection:
        self._opening += 1
        try:
            async with asyncio.timeout(self._connect_timeout):
                _, connection = await self._loop.create_connection(
                    lambda: UpstreamConnection(self, self._loop),
                    self.address.host,
                    self.address.port,
                    ssl=self._tls,
                )
        except TimeoutError as error:
            raise UpstreamError(UpstreamFailure.CONNECT_TIMEOUT) from error
        except OSError as error:
            raise UpstreamError(UpstreamFailure.CONNECT) from error
        finally:
            self._opening -= 1
            self._wake()
        self.connections.add(connection)
        return connection

    async def _wait(self) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(self._connect_timeout):
                await waiter
        except TimeoutError as error:
            raise UpstreamError(UpstreamFailure.OVERLOADED) from error
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake()
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def release(self, connection: UpstreamConnection) -> None:
        """Take a connection back whose answer is whole."""
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._waiters:
            self._wake()

    def forget(self, connection: UpstreamConnection) -> None:
        """Take note that a connection is closed."""
        self.connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._waiters:
            self._wake()

    def sweep(self, now: float) -> None:
        """End what has waited too long, and close what was idle too long."""
        for connection in list(self.connections):
            if connection.deadline < now:
                connection.expire()
        oldest = now - self._keep_alive
        for connection in [idle for idle in self._idle if idle.idle_since < oldest]:
            connection.close()

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self.connections):
            connection.abort()
