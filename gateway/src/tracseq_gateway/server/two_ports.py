"""A server of uvicorn's whose clients are encrypted at one port, and are not at another."""

import asyncio
import socket

import uvicorn
from uvicorn.supervisors import multiprocess

from tracseq_gateway.configuration.settings import load_settings
from tracseq_gateway.downstream.connection import LINGER_SECONDS, Reception
from tracseq_gateway.downstream.encrypted import EncryptedConnection


class TwoPortServer(uvicorn.Server):
    """uvicorn itself has one context for all of its sockets; which of them are encrypted is told by their port."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections at both."""
        listeners, port = sockets or [], load_settings().gateway_tls_port
        await super().startup([one for one in listeners if one.getsockname()[1] != port])
        reception: Reception = self.lifespan.state["gateway"]
        if reception.encryption is None:
            return
        loop = asyncio.get_running_loop()
        for listener in listeners:
            if listener.getsockname()[1] == port:
                server = await loop.create_server(
                    self._encrypted_connection,
                    sock=listener,
                    backlog=self.config.backlog,
                    ssl=reception.encryption.context,
                    ssl_handshake_timeout=reception.client_limits.head_seconds,
                    ssl_shutdown_timeout=LINGER_SECONDS,
                )
                self.servers.append(server)

    def _encrypted_connection(self) -> EncryptedConnection:
        return EncryptedConnection(self.config, self.server_state, self.lifespan.state)


class _Worker(multiprocess.Process):
    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = TwoPortServer(self.config)
        return self._server


def have_workers_serve_both() -> None:
    """Have uvicorn's supervisor start workers with such a server; it has no argument for that."""
    multiprocess.Process = _Worker  # type: ignore[misc]
