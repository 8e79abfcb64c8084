"""Signals that come before uvicorn has its handlers."""

import signal
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGINT)


class EarlySignals:
    """Remembers the signals that ask the process to stop, for whoever can heed them later.

    uvicorn raises a signal again once it has stopped; that it comes here means that an orderly
    stop ends with status 0.

    Attributes:
        received: the signals so far.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        for number in STOPPING:
            signal.signal(number, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.received.append(number)
