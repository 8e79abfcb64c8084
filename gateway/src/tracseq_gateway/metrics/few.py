"""Keeps the values of a label few."""

OTHER = "other"


class Few:
    """Takes values until there are enough of them; every further one is ``other``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def name(self, value: str, *, new: bool = True) -> str:
        """Return the value to count by; ``new``: whether one not known yet may become known."""
        if value in self._known:
            return value
        if not new or len(self._known) >= self._limit:
            return OTHER
        self._known.add(value)
        return value
