"""A change that goes from host to host: drained first, the first one tried, and all back where one fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pyinfra import host, state

from deploys.engine import elsewhere
from deploys.engine.rolling import one_at_a_time
from deploys.operations.canary import Canary, tried
from deploys.operations.comparison import Comparison, compared
from deploys.operations.drain import Drain, drained, little
from deploys.operations.script import script


@dataclass(frozen=True)
class Rolling:
    """
    How hosts whose services may not change at the same time change.

    + group: a name that they share; None: they may change at the same time
    + drain: how this host's balancers leave it out while it is restarted; None: none sends to it
    + together: whether those that changed get back what they had before, where a later one is not well
    + comparison: with which host the first that changes is compared, before it is sent anything, and what pyinfra
      calls the host that asks both; it needs the same
    + canary: how the first that changes is tried, before the others do; it needs ``drain`` and ``together``
    + noted: shell that notes on the host what it runs with, once it is well with changed files
    + undone: shell that notes that it has what it had before
    """

    group: str | None
    drain: Drain | None = None
    together: bool = False
    comparison: tuple[Comparison, str] | None = None
    canary: Canary | None = None
    noted: Sequence[str] = ()
    undone: Sequence[str] = ()


@contextmanager
def turn(rolling: Rolling | None, restarts: bool, undo: Sequence[str]) -> Iterator[None]:
    """
    Let a host change while its commands are yielded, in its turn.

    + rolling: how; None: hosts may change at the same time
    + restarts: whether its service does not answer meanwhile
    + undo: shell that has it as it was before; none: nothing could be undone

    Raises:
        OperationError: where an earlier host failed, or the first one does worse than the others.
    """
    if rolling is None or not state.is_executing:
        yield
        return
    drain = rolling.drain if restarts else None
    target = host.name

    def undone() -> None:
        with drained(drain):
            elsewhere.done(target, script(*undo))

    with one_at_a_time(rolling.group) as roll:
        first = drain and undo and roll.first
        canary = rolling.canary if first else None
        with drained(drain):
            yield
            if undo:
                roll.changed(undone)
            if first and rolling.comparison:
                compared(*rolling.comparison)
            if canary and drain:
                little(drain)
                tried(canary)
