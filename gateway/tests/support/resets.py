"""Connections that end with an error for the other side, and not with an end of the stream."""

import asyncio.trsock
import socket
import struct

AT_ONCE = struct.pack("ii", 1, 0)


def reset_when_closed(connection: socket.socket | asyncio.trsock.TransportSocket) -> None:
    """Have a TCP connection reset once it is closed (socket(7), SO_LINGER)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
