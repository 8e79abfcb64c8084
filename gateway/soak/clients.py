"""The clients: each does one thing again and again, and notes what should not have happened."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from websockets.asyncio.client import connect

from soak.services import EVENTS

DEADLINE = 30.0
"""Seconds within which everything ends that has an end, however busy the machine; what hangs does so for ever."""
UPLOAD_BYTES = 8_388_608
SILENCE = 2.5


@dataclass
class Notes:
    """What the clients saw.

    Attributes:
        faults: sentences; there must be none.
        counts: how often each thing was done.
        acknowledged: identifiers of the writes that were answered with 200.
    """

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)


class Clients:
    """All clients of one gateway.

    Args:
        idle: the gateway's CLIENT_IDLE_TIMEOUT.
    """

    def __init__(self, port: int, idle: float, notes: Notes) -> None:
        self._port = port
        self._idle = idle
        self._notes = notes
        self._numbers = itertools.count()

    def all(self) -> list[Coroutine[None, None, None]]:
        """Return what is to run until it is cancelled."""
        kinds: list[tuple[Callable[[], Coroutine[None, None, None]], int]] = [
            (self._read, 8),
            (self._write, 3),
            (self._upload, 3),
            (self._hang, 2),
            (self._leave, 3),
            (self._be_cut, 3),
            (self._keep_busy, 10),
            (self._follow_events, 2),
            (self._speak, 3),
            (self._be_silent, 3),
        ]
        return [self._again_and_again(kind) for kind, count in kinds for _ in range(count)]

    async def _again_and_again(self, kind: Callable[[], Coroutine[None, None, None]]) -> None:
        name = kind.__name__.strip("_").replace("_", " ")
        while True:
            try:
                async with asyncio.timeout(DEADLINE):
                    await kind()
            except TimeoutError:
                self._notes.faults.append(f"{name}: no end within {DEADLINE:g} seconds")
            except Exception as error:
                self._notes.faults.append(f"{name}: {type(error).__name__}: {error}"[:300])
                await asyncio.sleep(0.1)
            self._notes.counts[name] += 1

    @contextlib.asynccontextmanager
    async def _connection(self):  # type: ignore[no-untyped-def]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def _ask(self, line: str, *expected: int, body: bytes = b"", name: str = "x") -> int:
        async with self._connection() as (reader, writer):
            head = f"{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-ID: {name}\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.read()
        status = int(answer[9:12] or 0)
        if expected and status not in expected:
            raise RuntimeError(f"{line} was answered with {status}: {answer[-200:]!r}")
        return status

    async def _read(self) -> None:
        await self._ask("GET /api/samples/1", 200)

    async def _write(self) -> None:
        name = f"write-{next(self._numbers)}"
        await self._ask("POST /api/samples", 200, body=b"{}", name=name)
        self._notes.acknowledged.append(name)
        await asyncio.sleep(0.02)

    async def _upload(self) -> None:
        async with self._connection() as (reader, writer):
            head = b"PUT /api/storage/never-read HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % UPLOAD_BYTES
            writer.write(head + bytes(UPLOAD_BYTES))
            answer = await reader.read()
            if answer[9:12] not in (b"504", b"503"):
                raise RuntimeError(f"an upload was answered with {answer[:100]!r}")
        await asyncio.sleep(0.2)

    async def _hang(self) -> None:
        for beginning in (b"GET /api/samp", b"POST /api/samples HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"):
            async with self._connection() as (reader, writer):
                writer.write(beginning)
                answer = await reader.read()
                if answer[9:12] != b"408":
                    raise RuntimeError(f"a client that hangs was answered with {answer[:100]!r}")

    async def _leave(self) -> None:
        for path in ("rag/flaky", "events/events", "template/slow", "samples/1"):
            async with self._connection() as (_, writer):
                writer.write(f"GET /api/{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                await asyncio.sleep(0.05)

    async def _be_cut(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._ask("GET /api/rag/flaky")
        await asyncio.sleep(0.05)

    async def _keep_busy(self) -> None:
        await self._ask("GET /api/template/slow", 200, 503)

    async def _follow_events(self) -> None:
        async with self._connection() as (reader, writer):
            writer.write(b"GET /api/events/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            if answer.count(b"data: 1") != EVENTS or not answer.endswith(b"0\r\n\r\n"):
                raise RuntimeError(f"of {EVENTS} events came {answer[-200:]!r}")

    async def _speak(self) -> None:
        """Send all the time, to a service that is silent."""
        async with connect(f"ws://127.0.0.1:{self._port}/api/notifications/live", ping_interval=None) as websocket:
            for _ in range(int(SILENCE * 5)):
                await websocket.send("x")
                await asyncio.sleep(self._idle / 5)

    async def _be_silent(self) -> None:
        """Be there and send nothing; the library answers pings."""
        async with connect(f"ws://127.0.0.1:{self._port}/api/notifications/live", ping_interval=None) as websocket:
            await asyncio.sleep(self._idle * SILENCE)
            await websocket.send("still here")
