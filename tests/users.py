"""Users of a site who read and who follow events, each request noted that was not answered as it should be."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx

from tests import inventory
from tests.beside import beside
from tests.client import base, context
from tests.tokens import token

MANY = 1000
"""Gateways let one user ask only so often."""


class Users:
    """What they asked, and what came of it."""

    def __init__(self, of: str = inventory.PATH) -> None:
        self.answered = 0
        """Requests that were answered, whole."""
        self.failed: list[str] = []
        """Those that were not, each with why."""
        self.repeated = 0
        """Requests whose connection had ended."""
        self._of = of
        self._numbers = itertools.count()
        self._ended = threading.Event()

    @contextmanager
    def reading(self, path: str, rate: int) -> Iterator[None]:
        """
        Read while the block runs.

        Args:
            path: what is read; it is answered with 200
            rate: requests a second, by ten users at a time
        """

        async def read(user: httpx.AsyncClient) -> str:
            headers = self._authorization()
            try:
                answer = await user.get(path, headers=headers)
            except (httpx.ReadError, httpx.RemoteProtocolError):
                # The connection ended while it was on its way, as every server may end one: a
                # client repeats what may be repeated (RFC 9112, 9.3.1).
                self.repeated += 1
                answer = await user.get(path, headers=headers)
            return "" if answer.status_code == 200 else f"status {answer.status_code}: {answer.text}"

        with self._asking(read, 10, 10 / rate):
            yield

    @contextmanager
    def following(self, path: str, last: str, many: int) -> Iterator[None]:
        """
        Follow events while the block runs, and once more whenever they have ended.

        Args:
            path: where they come from
            last: the last of them: without it they were cut off
            many: how many users do
        """

        async def follow(user: httpx.AsyncClient) -> str:
            headers = {**self._authorization(), "Accept": "text/event-stream"}
            async with user.stream("GET", path, headers=headers) as answer:
                lines = [line async for line in answer.aiter_lines() if line]
            return "" if lines[-1:] == [last] else f"status {answer.status_code}, and then {lines[-2:]}"

        with self._asking(follow, many, 0):
            yield

    @contextmanager
    def _asking(self, ask: Callable[[httpx.AsyncClient], Awaitable[str]], many: int, every: float) -> Iterator[None]:
        async def one(number: int) -> None:
            url, headers = base(self._of)
            async with httpx.AsyncClient(base_url=url, headers=headers, verify=context(self._of), timeout=60) as user:
                due = time.monotonic() + number * every / many
                while not self._ended.is_set():
                    await asyncio.sleep(due - time.monotonic())
                    due = max(due + every, time.monotonic())
                    try:
                        why = await ask(user)
                    except httpx.HTTPError as error:
                        why = repr(error)
                    if why:
                        self.failed.append(f"{time.strftime('%H:%M:%S')} {why}")
                    else:
                        self.answered += 1

        async def everyone() -> None:
            await asyncio.gather(*map(one, range(many)))

        with beside(lambda: asyncio.run(everyone()), self._ended):
            yield

    def _authorization(self) -> dict[str, str]:
        user = token(sub=f"reader-{next(self._numbers) % MANY}", roles=["technician"])
        return {"Authorization": f"Bearer {user}"}
