"""Who gets which connection to a server, strictly in the order of asking.

Nothing here waits or looks at a clock: the pool does that. A slot is the right to have one
connection; it is taken before one is opened and free again once its descriptor is.
"""

from collections import deque
from typing import Generic, TypeVar

C = TypeVar("C")


class Place(Generic[C]):
    """Somebody's place in the queue.

    Attributes:
        served: the place has been given a slot, or a connection as well.
        connection: the idle connection that came free, None where one is to be opened.
    """

    __slots__ = ("connection", "served")

    def __init__(self) -> None:
        self.served = False
        self.connection: C | None = None


class ConnectionQueue(Generic[C]):
    """The slots of one server, its idle connections, and those who wait for one.

    Attributes:
        slots: how many are taken: connections that are opened, open, or not yet closed.
        idle: connections that carry nothing, with the time since when, the one used last at the end.
    """

    def __init__(self, limit: int) -> None:
        self.slots = 0
        self.idle: dict[C, float] = {}
        self._limit = limit
        self._waiting: deque[Place[C]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def take_idle(self) -> C | None:
        """Return the connection that was used last, or None; while somebody waits there is none."""
        return self.idle.popitem()[0] if self.idle else None

    def take_slot(self) -> bool:
        """Take a slot where one is free and nobody waits for it."""
        if self._waiting or self.slots >= self._limit:
            return False
        self.slots += 1
        return True

    def wait(self, place: Place[C], *, first: bool = False) -> None:
        """Wait for a slot; ``first`` is for a place that was served a connection that has closed since."""
        if first:
            place.served, place.connection = False, None
            self._waiting.appendleft(place)
        else:
            self._waiting.append(place)

    def leave(self, place: Place[C]) -> None:
        """Wait no longer; what the place was served already is to be given back by whoever left."""
        if not place.served:
            self._waiting.remove(place)

    def give_back(self, connection: C, now: float) -> Place[C] | None:
        """Take back a connection; return the place that it is served to."""
        if not self._waiting:
            self.idle[connection] = now
            return None
        place = self._waiting.popleft()
        place.served, place.connection = True, connection
        return place

    def free_slot(self) -> Place[C] | None:
        """Take back a slot; return the place that it is served to."""
        self.slots -= 1
        if not self._waiting or self.slots >= self._limit:
            return None
        self.slots += 1
        place = self._waiting.popleft()
        place.served = True
        return place

    def withdraw(self, connection: C) -> None:
        """Lend a connection to nobody any more; its slot is taken until it is closed."""
        self.idle.pop(connection, None)

    def idle_since_before(self, moment: float) -> list[C]:
        """Return the connections that have carried nothing since before a moment."""
        return [connection for connection, since in self.idle.items() if since < moment]
