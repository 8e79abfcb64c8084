"""What is done once a run has ended, however it did."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra import logger

from deploys.engine.per_run import PerRun

_acts: PerRun[list[Callable[[], None]]] = PerRun(list)


def at_end(act: Callable[[], None]) -> None:
    """
    Have something done once the run has ended, well or not; a run that only plans does not.

    Args:
        act: does it; hosts can be read
    """
    _acts().append(act)


def ended() -> None:
    """Say that the run has changed all that it changes."""
    acts = _acts()
    while acts:
        try:
            acts.pop()()
        except Exception as error:
            # What the run did has been done, or has failed for a reason of its own. An error may have a secret in it.
            logger.warning(f"The run has ended, and what comes after it was not all done: {type(error).__name__}.")
