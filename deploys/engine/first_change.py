"""What is done before a run changes a host for the first time, while it changes hosts, and once it has ended."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra import host, logger

from deploys.engine.per_run import PerRun


class FirstChange:
    """Whom a run tells of the hosts that it changes."""

    def __init__(self) -> None:
        self._told: list[Callable[[str], None]] = []
        self._ends: list[Callable[[], None]] = []
        self._changed: set[str] = set()

    def tell(self, before: Callable[[str], None], end: Callable[[], None]) -> None:
        """
        Have something done about changes.

        Args:
            before: called before the first change of each host, with what pyinfra calls it
            end: called when the run has ended, however it did
        """
        self._told.append(before)
        self._ends.append(end)

    def begins(self) -> None:
        """Say that the operation of this moment is about to change its host."""
        if host.name in self._changed:
            return
        self._changed.add(host.name)
        for before in self._told:
            before(host.name)

    def ended(self) -> None:
        """Say that nothing is changed any more."""
        while self._ends:
            try:
                self._ends.pop()()
            except Exception as error:
                # What the run did has been done, or has failed for a reason of its own.
                logger.warning(f"The run has ended, and could not say so everywhere: {error}")


of_run = PerRun(FirstChange)
