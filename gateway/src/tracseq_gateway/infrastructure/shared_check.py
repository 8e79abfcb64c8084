"""A check that many may ask for and that is made once a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedCheck(Generic[T]):
    """Makes a check for all who ask while it is under way, and keeps its result for a while.

    Args:
        make: makes the check; it has a time limit of its own.
        seconds: how long a result is kept.
        clock: tells the time in seconds.
    """

    def __init__(self, make: Callable[[], Awaitable[T]], seconds: float, clock: Callable[[], float]) -> None:
        self._make = make
        self._seconds = seconds
        self._clock = clock
        self._pending: asyncio.Task[T] | None = None
        self._asked_at = float("-inf")

    async def result(self) -> T:
        """Return the last result, or that of a new check."""
        if self._pending is None or (self._pending.done() and self._clock() - self._asked_at >= self._seconds):
            self._asked_at = self._clock()
            self._pending = asyncio.ensure_future(self._make())
        # Who asks may leave; the others still wait.
        return await asyncio.shield(self._pending)
