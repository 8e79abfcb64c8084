"""Sends requests at a fixed rate and tells how long each took from when it was due."""

import asyncio
from dataclasses import dataclass
from time import monotonic

import uvloop

CONNECTIONS = 64


@dataclass(frozen=True)
class Latencies:
    """Milliseconds, and how many requests failed."""

    p50: float
    p99: float
    longest: float
    errors: int


def latency_at_rate(port: int, token: str, rate: int, seconds: int) -> Latencies:
    """Load a port with ``rate`` requests a second."""
    return uvloop.run(_load(port, token, rate, seconds))


async def _load(port: int, token: str, rate: int, seconds: int) -> Latencies:
    head = f"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    begin = monotonic() + 0.1
    due = iter([begin + number / rate for number in range(rate * seconds)])
    latencies: list[float] = []
    errors = [0]

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for moment in due:
            await asyncio.sleep(moment - monotonic())
            writer.write(head)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            latencies.append((monotonic() - moment) * 1000)
            errors[0] += not answer.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*[work() for _ in range(CONNECTIONS)])
    latencies.sort()
    return Latencies(latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100], latencies[-1], errors[0])
