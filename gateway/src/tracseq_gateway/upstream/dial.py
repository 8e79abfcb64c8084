"""Opens a connection to a server of a service."""

import asyncio
import ssl

from tracseq_gateway.configuration.service_urls import UpstreamAddress
from tracseq_gateway.upstream.connection import Owner, UpstreamConnection


async def dial(
    address: UpstreamAddress, tls: ssl.SSLContext | None, loop: asyncio.AbstractEventLoop, owner: Owner
) -> UpstreamConnection:
    """Return a new connection.

    Raises:
        OSError: the server does not take it, or its certificate is not one that is trusted.
    """
    _, connection = await loop.create_connection(
        lambda: UpstreamConnection(owner, loop), address.host, address.port, ssl=tls
    )
    return connection
