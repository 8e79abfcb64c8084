"""The count of a caller's requests at this gateway alone, for when Redis is away."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tracseq_gateway.limiting.shared_counter import Grant


@dataclass(slots=True)
class _Window:
    index: int
    current: float = 0.0
    before: float = 0.0


class LocalCounter:
    """Counts as the shared counter does, but only what this process lets through."""

    def __init__(self, limit: int, window: int, clock: Callable[[], float] = time.time) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def take(self, key: str, need: float) -> Grant:
        """Take ``need`` requests or none."""
        windows = self._clock() / self._window
        index = int(windows)
        left = 1 - (windows - index)
        state = self._windows.get(key)
        if state is None:
            state = self._windows[key] = _Window(index)
        if state.index < index:
            state.before = state.current if state.index == index - 1 else 0.0
            state.index, state.current = index, 0.0
        free = self._limit - state.current - state.before * left
        granted = need if free >= need else 0.0
        state.current += granted
        return Grant(granted, free - granted, left * self._window, state.current, state.before)

    def forget_old(self) -> None:
        """Forget callers that have not been seen for two windows."""
        oldest = int(self._clock() / self._window) - 1
        for key in [key for key, state in self._windows.items() if state.index < oldest]:
            del self._windows[key]
