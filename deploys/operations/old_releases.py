"""Which releases of a program a host keeps no longer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


def old(
    release: str,
    running: Iterable[str | None],
    complete: Sequence[str],
    broken: Sequence[str],
    kept: int,
    served: Collection[str] | None = None,
) -> list[str]:
    """
    The releases that go: those that are half there, and of those that nothing runs the ones that never served, then
    the oldest.

    + release: the one that is installed
    + running: those that run until now; they count among the kept ones, as they are old once this one runs
    + complete: all that are there, the newest last
    + broken: all that are half there
    + kept: how many stay beside the one that is installed
    + served: those that somebody may want to go back to; None: all of them
    """
    used = {release, *running}
    others = [name for name in complete if name not in used]
    if served is not None:
        others.sort(key=lambda name: name in served)
    leaving = used.intersection(complete) - {release}
    every = [*broken, *others[: max(0, len(others) + len(leaving) - kept)]]
    return [name for name in every if name not in used]
