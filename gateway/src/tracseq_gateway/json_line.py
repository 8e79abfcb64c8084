"""Pieces of JSON lines, for those that are written with each request.

A general JSON writer would take a tenth of a request's time.
"""

import json
import time

_PLAIN = bytes(range(0x23, 0x5C)) + bytes(range(0x5D, 0x7F)) + b"! "


def quoted(text: bytes) -> str:
    """Return a JSON string of bytes that are ASCII, or else taken for Latin-1."""
    # Nearly every text is plain, and then quotes around it are all that JSON needs.
    decoded = text.decode("latin-1")
    return json.dumps(decoded) if text.translate(None, _PLAIN) else f'"{decoded}"'


class UtcTime:
    """Tells the time in the form of ISO 8601, of which all but the fraction changes once a second.

    Args:
        digits: how many of the fraction are told.
    """

    def __init__(self, digits: int) -> None:
        self._digits = digits
        self._second = 0
        self._text = ""

    def now(self) -> str:
        """Return the time, such as ``2026-01-31T12:00:00.001+00:00``."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        digits = self._digits
        return f"{self._text}.{int((now - second) * 10**digits):0{digits}d}+00:00"
