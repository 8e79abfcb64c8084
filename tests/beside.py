"""What goes on beside a test while its block runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(work: Callable[[], object], ended: threading.Event) -> Iterator[None]:
    """
    Have work done in a thread while the block runs, and wait afterwards for what is under way.

    Args:
        work: what is done, until ``ended`` is set
        ended: set when the block has run
    """
    ended.clear()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
