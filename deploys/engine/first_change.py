"""What is done before a run changes a host for the first time."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra import host

from deploys.engine.per_run import PerRun


class FirstChange:
    """Whom a run tells of the hosts that it changes."""

    def __init__(self) -> None:
        self._told: list[Callable[[str], None]] = []
        self._changed: set[str] = set()

    def tell(self, before: Callable[[str], None]) -> None:
        """
        Have something done about changes.

        Args:
            before: called before the first change of each host, with what pyinfra calls it
        """
        self._told.append(before)

    def begins(self) -> None:
        """Say that the operation of this moment is about to change its host."""
        if host.name in self._changed:
            return
        self._changed.add(host.name)
        for before in self._told:
            before(host.name)


of_run = PerRun(FirstChange)
