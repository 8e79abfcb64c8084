"""Names that nobody can guess and that never come twice."""

from collections.abc import Iterator
from os import urandom

DRAWN_AT_ONCE = 256


def random_names(size: int) -> Iterator[bytes]:
    """Return names of ``size`` random bytes, in hexadecimal digits, one after the other."""
    # Asking the system for each name, or formatting a number, would take longer than all
    # else that is done with it.
    digits = 2 * size
    while True:
        drawn = urandom(size * DRAWN_AT_ONCE).hex().encode()
        for start in range(0, len(drawn), digits):
            yield drawn[start : start + digits]
