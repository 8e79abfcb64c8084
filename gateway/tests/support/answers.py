"""A Redis server or Sentinel that answers what a test wants."""

import asyncio
from collections.abc import Callable
from typing import Self

from support.resets import reset_when_closed

OK = b"+OK\r\n"


def array(*texts: str) -> bytes:
    """Return an answer that is a list of texts."""
    return f"*{len(texts)}\r\n".encode() + b"".join(f"${len(text)}\r\n{text}\r\n".encode() for text in texts)


class Answering:
    """Listens in the loop of the test.

    Args:
        commands: by their names, what they are answered; all others are answered OK.

    Attributes:
        port: of the loopback address.
        asked: the names of all commands, in their order.
    """

    def __init__(self, **commands: Callable[[], bytes]) -> None:
        self._commands = commands
        self._talks: set[asyncio.StreamWriter] = set()
        self.asked: list[str] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def reset(self) -> None:
        """Break all connections, as the kernel does with one whose other end was unreachable for too long."""
        while self._talks:
            transport = self._talks.pop().transport
            reset_when_closed(transport.get_extra_info("socket"))
            transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(writer)
        while head := await reader.readline():
            words = []
            for _ in range(int(head[1:])):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2].decode())
            name = words[0].lower()
            self.asked.append(name)
            writer.write(self._commands.get(name, lambda: OK)())
            await writer.drain()
        self._talks.discard(writer)
        writer.close()
