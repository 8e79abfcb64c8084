"""One host at a time, and only where something changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gevent.lock import BoundedSemaphore
from pyinfra import host, state
from pyinfra.api.exceptions import OperationError


class _Turn:
    def __init__(self) -> None:
        self.lock = BoundedSemaphore()
        self.failed: str | None = None


_turns: dict[str, _Turn] = {}


@contextmanager
def turn(name: str | None) -> Iterator[None]:
    """
    Hold the one turn that all hosts of a rolling change share, while commands are yielded.

    Hosts that have nothing to change never ask for it, and so never wait. Once a host failed
    during its turn, no other host gets one: the change stops at the first that is not well.

    + name: what rolls; None for no turns at all

    Raises:
        OperationError: where an earlier host failed.
    """
    if name is None or not state.is_executing:
        yield
        return
    shared = _turns.setdefault(name, _Turn())
    with shared.lock:
        if shared.failed:
            raise OperationError(f"{host.name} was left as it is, because {shared.failed} failed before it.")
        try:
            yield
        except GeneratorExit:
            # pyinfra closes an operation's generator where one of its commands failed.
            shared.failed = host.name
            raise
