"""A rolling change: one host at a time, and only where something changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gevent.lock import BoundedSemaphore
from pyinfra import host, logger, state
from pyinfra.api.exceptions import OperationError

from deploys.engine.per_run import PerRun


class Roll:
    """A rolling change of one group of hosts."""

    def __init__(self) -> None:
        self.lock = BoundedSemaphore()
        self.failed: str | None = None
        self.reason = ""
        """What was said of that, where somebody said something."""
        self.tried = False
        """Whether a host was judged with the change, beside those without it."""
        self._undo: list[tuple[str, Callable[[], None]]] = []

    def changed(self, undo: Callable[[], None]) -> None:
        """
        Say that the host whose turn it is has changed, and is well.

        Args:
            undo: has it as it was before, or raises an error; called where a later host is not well
        """
        self._undo.append((host.name, undo))

    def fail(self) -> None:
        """Have every host that changed as it was before, and no other change."""
        self.failed = host.name
        while self._undo:
            name, undo = self._undo.pop()
            logger.warning(f"{name} goes back too, because {host.name} failed.")
            try:
                undo()
            except Exception as error:
                # Whatever it is: the others still go back, and the run fails with what led here.
                logger.error(f"{name} did not go back: {error}")


_rolls: PerRun[defaultdict[str, Roll]] = PerRun(lambda: defaultdict(Roll))


def failure(group: str) -> tuple[str, str] | None:
    """The host at which a rolling change of this run has ended, and what was said of that; None: at none."""
    roll = _rolls()[group]
    return (roll.failed, roll.reason) if roll.failed else None


@contextmanager
def one_at_a_time(group: str | None) -> Iterator[Roll]:
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
        yield Roll()
        return
    roll = _rolls()[group]
    with roll.lock:
        if roll.failed:
            raise OperationError(f"{host.name} was left as it is, because {roll.failed} failed before it.")
        try:
            yield roll
        except BaseException as error:
            roll.reason = str(error) if isinstance(error, OperationError) else ""
            # pyinfra closes an operation's generator where one of its commands failed.
            roll.fail()
            raise


@contextmanager
def before_a_turn(group: str) -> Iterator[None]:
    """
    Have what fails in the block end the rolling change, as if it had failed in a turn; it waits for none.

    Args:
        group: what rolls
    """
    try:
        yield
    except BaseException as error:
        if state.is_executing:
            roll = _rolls()[group]
            # A host that changes at this moment goes back too, once it has.
            with roll.lock:
                if not roll.failed:
                    roll.reason = str(error) if isinstance(error, OperationError) else ""
                    roll.fail()
        raise
