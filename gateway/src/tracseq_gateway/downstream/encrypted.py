"""A client's connection that is encrypted: it is read from once the client is known by its certificate."""

import asyncio
import logging

from tracseq_gateway.downstream.connection import DownstreamConnection

log = logging.getLogger(__name__)


class EncryptedConnection(DownstreamConnection):
    """A connection whose client has shown a certificate that the authority has signed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to wait for the first request, of a client that may send any."""
        super().connection_made(transport)
        encryption = self.reception.encryption
        if encryption is None or not encryption.knows(transport.get_extra_info("peercert") or {}):
            log.warning("%s was refused: its certificate names nobody in GATEWAY_TLS_CLIENTS.", self.peer[0])
            self.abort()
        elif self.reception.draining:
            # Accepted before the process was told to stop; the handshake took until after that.
            self.shutdown()
