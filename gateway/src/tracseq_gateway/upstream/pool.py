"""The connections to one server of a service."""

import asyncio
import ssl

from tracseq_gateway.configuration.service_urls import UpstreamAddress
from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.upstream.connection import UpstreamConnection
from tracseq_gateway.upstream.dial import dial
from tracseq_gateway.upstream.failure import UpstreamError, UpstreamFailure
from tracseq_gateway.upstream.queue import ConnectionQueue, Place


class _Waiter(Place[UpstreamConnection]):
    __slots__ = ("wakeup",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.wakeup: asyncio.Future[None] = loop.create_future()


class ConnectionPool:
    """Opens connections as they are needed, keeps idle ones for a while, and bounds them all.

    Attributes:
        secure: the connections are encrypted.
        connections: every connection whose descriptor is not free yet, idle and closing ones too.
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
        self.tls = tls
        self.secure = tls is not None
        self.response_timeout = settings.upstream_response_timeout
        self.idle_timeout = settings.upstream_idle_timeout
        self.connections: set[UpstreamConnection] = set()
        self._connect_timeout = settings.upstream_connect_timeout
        self._keep_alive = settings.upstream_keep_alive_timeout
        self._loop = loop
        self._queue: ConnectionQueue[UpstreamConnection] = ConnectionQueue(settings.upstream_max_connections)

    @property
    def waiting(self) -> int:
        """How many requests wait for a connection."""
        return self._queue.waiting

    def take_idle(self) -> UpstreamConnection | None:
        """Return the connection used last, or None; ``sweep`` has closed what was idle too long."""
        while (connection := self._queue.take_idle()) is not None:
            if not (connection.closed or connection.transport.is_closing()):
                return connection
        return None

    async def acquire(self, *, fresh: bool = False) -> UpstreamConnection:
        """Return an idle connection or a new one; there is one time limit for waiting and opening together.

        Args:
            fresh: open a new one, as an idle one has just turned out to be closed.

        Raises:
            UpstreamError: none could be opened, or none came free in time.
        """
        if not fresh and (connection := self.take_idle()) is not None:
            return connection
        waited = False
        try:
            async with asyncio.timeout(self._connect_timeout):
                if not self._queue.take_slot():
                    waited = True
                    if (served := await self._wait(fresh=fresh)) is not None:
                        return served
                return await self._open()
        except TimeoutError as error:
            # A server is not slow to accept because others had to be waited for first.
            raise UpstreamError(UpstreamFailure.OVERLOADED if waited else UpstreamFailure.CONNECT_TIMEOUT) from error

    async def _wait(self, *, fresh: bool) -> UpstreamConnection | None:
        """Wait for a connection, or for a slot to open one."""
        if fresh and self._queue.idle:
            next(iter(self._queue.idle)).close()
        waiter = _Waiter(self._loop)
        self._queue.wait(waiter)
        while True:
            try:
                await waiter.wakeup
            except asyncio.CancelledError:
                self._queue.leave(waiter)
                if waiter.served:
                    self._pass_on(waiter)
                raise
            connection = waiter.connection
            if connection is None or not (connection.closed or connection.transport.is_closing()):
                return connection
            # It has closed since it was served; its slot comes back and is the waiter's.
            waiter.wakeup = self._loop.create_future()
            self._queue.wait(waiter, first=True)

    def _pass_on(self, waiter: _Waiter) -> None:
        if waiter.connection is None:
            self._serve(self._queue.free_slot())
        elif not waiter.connection.closed:
            self.release(waiter.connection)

    def _serve(self, place: Place[UpstreamConnection] | None) -> None:
        if isinstance(place, _Waiter) and not place.wakeup.done():
            place.wakeup.set_result(None)

    async def _open(self) -> UpstreamConnection:
        try:
            connection = await dial(self.address, self.tls, self._loop, self)
            if connection.closed:
                raise ConnectionResetError("closed as soon as it was open")
        except BaseException as error:
            self._serve(self._queue.free_slot())
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise UpstreamError(UpstreamFailure.CONNECT) from error
            raise
        self.connections.add(connection)
        return connection

    def release(self, connection: UpstreamConnection) -> None:
        """Take a connection back whose answer is whole."""
        place = self._queue.give_back(connection, self._loop.time())
        if place is not None:
            self._serve(place)

    def withdraw(self, connection: UpstreamConnection) -> None:
        """Take note that a connection is about to close."""
        self._queue.withdraw(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        """Take note that a connection is closed."""
        if connection in self.connections:
            self.connections.remove(connection)
            self._serve(self._queue.free_slot())

    def sweep(self, now: float) -> None:
        """End what has waited too long, and close what was idle too long."""
        for connection in list(self.connections):
            if connection.deadline < now:
                connection.expire()
        for connection in self._queue.idle_since_before(now - self._keep_alive):
            connection.close()

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self.connections):
            connection.abort()
