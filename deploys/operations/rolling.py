"""A change that goes from host to host: drained first, the first one tried, and all back where one fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pyinfra import host, state

from deploys.engine import elsewhere
from deploys.engine.rolling import one_at_a_time
from deploys.operations import trial as trials
from deploys.operations.drain import Drain, drained
from deploys.operations.script import script
from deploys.operations.trial import Trial


@dataclass(frozen=True)
class Rolling:
    """
    How hosts whose services may not change at the same time change.

    + group: a name that they share; None: they may change at the same time
    + drain: how this host's balancers leave it out while it is restarted; None: none sends to it
    + together: whether those that changed get back what they had before, where a later one is not well
    + trial: how the first that changes is judged, before the others do; it needs ``drain`` and ``together``
    + noted: shell that notes on the host what it runs with, once it is well with changed files
    + undone: shell that notes that it has what it had before
    """

    group: str | None
    drain: Drain | None = None
    together: bool = False
    trial: Trial | None = None
    noted: Sequence[str] = ()
    undone: Sequence[str] = ()


@contextmanager
def turn(rolling: Rolling | None, serves: bool, restarts: bool, undo: Sequence[str]) -> Iterator[None]:
    """
    Let a host change while its commands are yielded, in its turn.

    One that does not serve takes nothing away while it is started, and is no trial of anything: it is neither left
    out nor judged. It takes its turn all the same where it could go back with the others, and else none.

    + rolling: how; None: hosts may change at the same time
    + serves: whether its service runs
    + restarts: whether its service does not answer meanwhile
    + undo: shell that has it as it was before; none: nothing could be undone

    Raises:
        OperationError: where an earlier host failed, or the first one does worse than the others.
    """
    if rolling is None or not state.is_executing or not (serves or undo):
        yield
        return
    drain = rolling.drain if serves and restarts else None
    target = host.name

    def undone() -> None:
        with drained(rolling.drain):
            elsewhere.done(target, script(*undo))

    with one_at_a_time(rolling.group) as roll:
        trial = rolling.trial if drain and undo and not roll.tried else None
        if trial and drain and (left := trial.of_an_interrupted_run()):
            trials.finished(left, drain)
            roll.tried, trial = True, None
        with drained(drain):
            yield
            if undo:
                roll.changed(undone)
            if trial and drain:
                trials.judged(trial, drain)
                roll.tried = True
