"""
A visitor of the site who comes again every so often, each time by a new connection, until it is told to end.

    visitor.py AUTHORITY NAME EVERY FILE ADDRESS...      for each visit a line in FILE: address, begin, end, answer
"""

import asyncio
import ssl
import sys
import time
from pathlib import Path
from typing import TextIO

TIMEOUT = 1
"""Seconds. The clock is the kernel's own, which is that of all machines of a lab."""


async def visit(address: str, name: str, context: ssl.SSLContext) -> str:
    """What the site answered: a status, or what went wrong."""
    reader, writer = await asyncio.open_connection(address, 443, ssl=context, server_hostname=name)
    try:
        writer.write(f"GET /health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.read()).split()[1].decode()
    finally:
        writer.transport.abort()


async def noted(address: str, name: str, context: ssl.SSLContext, file: TextIO) -> None:
    begin = time.monotonic()
    try:
        answer = await asyncio.wait_for(visit(address, name, context), TIMEOUT)
    except Exception as error:
        answer = type(error).__name__
    file.write(f"{address} {begin:.3f} {time.monotonic():.3f} {answer}\n")
    file.flush()


async def main(authority: str, name: str, every: str, path: str, *addresses: str) -> None:
    context = ssl.create_default_context(cafile=authority)
    visits: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    with Path(path).open("w") as file:
        while True:
            for address in addresses:
                task = asyncio.create_task(noted(address, name, context, file))
                visits.add(task)
                task.add_done_callback(visits.discard)
            due = max(due + float(every), time.monotonic())
            await asyncio.sleep(due - time.monotonic())


asyncio.run(main(*sys.argv[1:]))
