"""One question to a server whether it is well."""

import asyncio

from tracseq_gateway import __version__
from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.upstream.connection import UpstreamConnection
from tracseq_gateway.upstream.dial import dial
from tracseq_gateway.upstream.failure import UpstreamError, UpstreamFailure
from tracseq_gateway.upstream.server import UpstreamServer


class Probe:
    """Asks over a connection of its own, and takes the answer; its content is not looked at.

    That the server still takes connections is a part of the question. None of the pool's is
    taken: a server whose connections are all busy is not unwell, and a request must never be
    given a connection that a probe is about to end.

    Attributes:
        secure: the connection is encrypted.
        response_timeout: seconds until the answer's head must have come.
        idle_timeout: seconds that may pass between two pieces of the answer.
    """

    def __init__(self, server: UpstreamServer, path: str, seconds: float) -> None:
        self._server = server
        self._head = (
            f"GET {server.address.path_prefix}{path} HTTP/1.1\r\nhost: {server.address.authority}\r\n"
            f"user-agent: tracseq-gateway/{__version__}\r\nconnection: close\r\n\r\n"
        ).encode()
        self._loop = asyncio.get_running_loop()
        self._status: asyncio.Future[int] = self._loop.create_future()
        self.secure = server.pool.secure
        self.response_timeout = self.idle_timeout = seconds

    async def status(self) -> int:
        """Ask, and return the answer's status.

        Raises:
            OSError: the server does not take the connection.
            UpstreamError: there was no answer.
        """
        connection = await dial(self._server.address, self._server.pool.tls, self._loop, self)
        try:
            connection.start(
                self, self._head, head_request=False, chunked=False, whole=True, timeout=self.response_timeout
            )
            return await self._status
        finally:
            connection.leave()

    # The owner of the connection

    def release(self, connection: UpstreamConnection) -> None:
        """Keep no connection, also where the server would."""
        connection.close()

    def withdraw(self, connection: UpstreamConnection) -> None:
        """Nobody else waits for it."""

    def lost(self, connection: UpstreamConnection) -> None:
        """Nobody counts it."""

    # The receiver of the answer

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
