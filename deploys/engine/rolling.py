"""A rolling change: one host at a time, and only where something changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from gevent.lock import BoundedSemaphore
from pyinfra import host, state
from pyinfra.api.exceptions import OperationError

from deploys.engine.per_run import PerRun


class _Roll:
    """A rolling change of one group of hosts."""

    def __init__(self) -> None:
        self.lock = BoundedSemaphore()
        self.failed: str | None = None


_rolls: PerRun[defaultdict[str, _Roll]] = PerRun(lambda: defaultdict(_Roll))


@contextmanager
def one_at_a_time(group: str | None) -> Iterator[None]:
    """
    Let only one host of a group change while its commands are yielded.

    Hosts that have nothing to change never ask, and so never wait. Once a host failed, no other
    changes: the rolling change stops at the first that is not well.

    Args:
        group: what rolls; None where hosts may change at the same time

    Raises:
        OperationError: where an earlier host failed.
    """
    if group is None or not state.is_executing:
        yield
        return
    roll = _rolls()[group]
    with roll.lock:
        if roll.failed:
            raise OperationError(f"{host.name} was left as it is, because {roll.failed} failed before it.")
        try:
            yield
        except BaseException:
            # pyinfra closes an operation's generator where one of its commands failed.
            roll.failed = host.name
            raise
