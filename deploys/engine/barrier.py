"""Where hosts wait for each other."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation


@operation()
def barrier() -> Generator[StringCommand]:
    """
    Go on once every host that declares this barrier has reached it. It costs no round trip.

    Hosts whose operations have nothing to do with each other run side by side (see execution.py);
    an operation that several hosts share is the only order between them.

    **Example:**

    .. code:: python

        barrier(name="The primary is up")
    """
    host.noop("waited for the others")
    yield from ()
