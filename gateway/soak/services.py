"""The services behind the gateway: well, busy, never reading, and coming and going."""

import asyncio
import contextlib
import hashlib
import itertools
from base64 import b64encode

WEBSOCKET_NAME = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
EVENTS = 5
SLOW_SECONDS = 0.4


class Service:
    """One server; what it does is said by the path of each request.

    Attributes:
        port: where it listens, also after a restart.
    """

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._turn = itertools.count()

    @property
    def url(self) -> str:
        """The address for the gateway's configuration."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and cut every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                # Connections are kept, also those of probes that ask for their end.
                while await self._answer(await reader.readuntil(b"\r\n\r\n"), reader, writer):
                    pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        path = head.split(b" ")[1]
        if path == b"/never-read":
            # It reads nothing and holds the connection for as long as it lives.
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.Event().wait()
        length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        if path == b"/slow":
            await asyncio.sleep(SLOW_SECONDS)
        elif path == b"/flaky":
            return await self._be_flaky(reader, writer)
        elif path == b"/events":
            return await _send_events(writer)
        elif path == b"/live":
            return await _listen(head, reader, writer)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        return True

    async def _be_flaky(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        turn = next(self._turn) % 4
        if turn == 0:
            await reader.read(1)
        elif turn == 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        elif turn == 2:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        return turn == 3


async def _send_events(writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(EVENTS):
        writer.write(b"9\r\ndata: 1\n\n\r\n")
        await asyncio.sleep(0.3)
    writer.write(b"0\r\n\r\n")
    return True


async def _listen(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Be a WebSocket that says one word, answers pings and is silent otherwise."""
    begin = head.lower().index(b"\r\nsec-websocket-key: ") + len(b"\r\nsec-websocket-key: ")
    key = head[begin:].partition(b"\r\n")[0]
    accept = b64encode(hashlib.sha1(key + WEBSOCKET_NAME, usedforsecurity=False).digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n\x81\x05hello" % accept
    )
    while True:
        first, second = await reader.readexactly(2)
        await reader.readexactly(4 + (second & 0x7F))
        if first == 0x89:
            writer.write(b"\x8a\x00")
        elif first == 0x88:
            writer.write(b"\x88\x00")
            return False
