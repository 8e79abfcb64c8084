"""What a run knows of a host, and whether it is still fresh."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from gevent.lock import RLock
from pyinfra import host as this
from pyinfra.api.host import Host

from deploys.engine.combined import Combined, Wanted
from deploys.engine.per_run import PerRun


class Changes:
    """The changes that a run has begun or ended, by operation and host."""

    def __init__(self) -> None:
        self.made: Counter[tuple[str | None, str]] = Counter()

    def note(self) -> None:
        """Note that the operation of this moment begins or ends a change of its host."""
        self.made[this.current_op_hash, this.name] += 1

    def none_since(self, made: Mapping[tuple[str | None, str], int]) -> bool:
        """
        Whether there was none that an operation of this host must know of.

        What the same operation does to other hosts at this moment is none of those: it knows no
        order of hosts, and would not have known of it a moment ago.

        Args:
            made: the changes that had been made then
        """
        return all(
            count == made.get((operation, name), 0)
            for (operation, name), count in self.made.items()
            if operation != this.current_op_hash or name == this.name
        )


class Knowledge:
    """What a host's operations will read, and what was read of it at which state of the changes."""

    def __init__(self) -> None:
        self.wanted: list[Wanted] = []
        self._values: list[tuple[Wanted, Any]] = []
        self._since: Counter[tuple[str | None, str]] = Counter()
        self._used = 0
        """How often what was read last was of use."""
        # Another host's operation may read this one too.
        self._lock = RLock()

    def answer(self, host: Host, wanted: Wanted) -> Any:
        """What one reading says: what is known, where that is fresh, or else what the host says now."""
        with self._lock:
            # What was just read is the answer, also where another host has begun a change meanwhile.
            found = self._known(wanted) or self.read(host, self._rest(wanted))
            self._used += 1
            return found[0]

    def read(self, host: Host, wanted: list[Wanted]) -> list[Any]:
        """The values of these readings, taken now, in one execution."""
        if not self._fresh:
            self._values = []
        self._since, self._used = changes().made.copy(), 0
        values = host.get_fact(Combined, wanted=wanted) or [one.fact().default() for one in wanted]
        self._values += zip(wanted, values, strict=True)
        return values

    @property
    def _fresh(self) -> bool:
        return changes().none_since(self._since)

    def _known(self, wanted: Wanted) -> list[Any]:
        """What is known of one reading: its value alone, or nothing."""
        known = self._values if self._fresh else []
        return [value for one, value in known if one == wanted]

    def _rest(self, wanted: Wanted) -> list[Wanted]:
        """A reading, and those that come after it."""
        if wanted not in self.wanted:
            return [wanted]
        # Where what was read last was of use once or never, one change follows the other: what is
        # read ahead of them is read in vain.
        alone = not self._fresh and self._used < 2
        begin = self.wanted.index(wanted)
        return self.wanted[begin : begin + 1 if alone else None]


changes = PerRun(Changes)
_hosts: PerRun[defaultdict[str, Knowledge]] = PerRun(lambda: defaultdict(Knowledge))


def of(host: Host) -> Knowledge:
    """What the run knows of a host."""
    return _hosts()[host.name]
