"""A run that concerns the backup host alone."""

from __future__ import annotations

from deploys.controller.run import Opened, opened
from deploys.engine.per_run import PerRun


def begin() -> Opened:
    """
    The run, with the backup host's lock.

    Raises:
        PyinfraError: where another run is at work.
    """
    return _opened()


_opened = PerRun(lambda: opened(reach=False))
