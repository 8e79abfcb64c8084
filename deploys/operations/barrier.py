"""Where every host waits for every other."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation


@operation()
def barrier() -> Generator[StringCommand]:
    """
    Every host of the run is here before any goes on. It costs no round trip.

    pyinfra interleaves what different groups do, by line; an operation that every host runs is
    the only order between hosts that it keeps.

    **Example:**

    .. code:: python

        barrier(name="The primary is up")
    """
    host.noop("waited for all hosts")
    yield from ()
