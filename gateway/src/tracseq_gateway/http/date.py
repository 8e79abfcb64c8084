"""The time of an answer (RFC 9110, 6.6.1)."""

from email.utils import formatdate
from functools import lru_cache
from time import time


def date_line() -> bytes:
    """Return the Date field line of an answer that is made now."""
    return _line_of(int(time()))


@lru_cache(maxsize=2)
def _line_of(second: int) -> bytes:
    return f"date: {formatdate(second, usegmt=True)}\r\n".encode()
