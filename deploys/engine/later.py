"""What a run does now and then, beside its operations."""

from __future__ import annotations

from collections.abc import Callable

import gevent
from gevent import Greenlet


class Repeated:
    """
    Something that is done again and again, from the moment at which it is asked for.

    Args:
        every: seconds between two times
        act: does it
    """

    def __init__(self, every: float, act: Callable[[], None]) -> None:
        self._every, self._act = every, act
        self._running: Greenlet | None = None

    def start(self) -> None:
        """Do it from now on, where it is not done already."""
        if self._running is None:
            self._running = gevent.spawn(self._run)

    def stop(self) -> None:
        """Do it no more."""
        if self._running:
            self._running.kill()

    def _run(self) -> None:
        while True:
            gevent.sleep(self._every)
            self._act()
