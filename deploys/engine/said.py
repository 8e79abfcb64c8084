"""What is said at the end of a run."""

from __future__ import annotations

from collections.abc import Callable, Generator

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation


@operation()
def said(sentence: Callable[[], str]) -> Generator[StringCommand]:
    """
    Say something that is known once what comes before is done.

    + sentence: makes it

    **Example:**

    .. code:: python

        said(name="How long it took", sentence=lambda: f"{time.monotonic() - began:.0f} s")
    """
    if state.is_executing:
        logger.warning(sentence())
    host.noop("said")
    yield from ()
