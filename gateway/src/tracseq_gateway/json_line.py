"""Pieces of JSON lines, for those that are written with each request.

A general JSON writer would take a tenth of a request's time.
"""

import json
import time
from functools import lru_cache

_PLAIN = bytes(range(0x23, 0x5C)) + bytes(range(0x5D, 0x7F)) + b"! "


def quoted(text: bytes) -> str:
    """Return a JSON string of bytes that are ASCII, or else taken for Latin-1."""
    # Nearly every text is plain, and then quotes around it are all that JSON needs.
    decoded = text.decode("latin-1")
    return json.dumps(decoded) if text.translate(None, _PLAIN) else f'"{decoded}"'


class UtcTime:
    """Tells the time in the form of ISO 8601; under load, many requests have the same.

    Args:
        digits: how many of a second's fraction are told.
    """

    def __init__(self, digits: int) -> None:
        self._digits = digits
        self._units = 10**digits
        self._told = -1
        self._text = ""

    def now(self) -> str:
        """Return the time, such as ``2026-01-31T12:00:00.001+00:00``."""
        now = int(time.time() * self._units)
        if now != self._told:
            self._told = now
            second, fraction = divmod(now, self._units)
            self._text = f"{_second(second)}.{fraction:0{self._digits}d}+00:00"
        return self._text


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
