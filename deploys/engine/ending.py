"""What is done once a run has ended, however it did."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra import logger, state
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State


class _Ending(BaseStateCallback):
    """Acts when the first host is left."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act: Callable[[], None] | None = act

    def host_disconnect(self, state: State, host: Host) -> None:  # type: ignore[override]
        act, self.act = self.act, None
        if act is None or not state.is_executing:
            return
        try:
            act()
        except Exception as error:
            # The run has ended: nothing of what it did depends on this.
            logger.warning(f"What comes after a run was not done: {type(error).__name__}.")


def at_end(act: Callable[[], None]) -> None:
    """
    Have something done once the run has ended, well or not; a run that only plans does not.

    Args:
        act: does it; hosts can be read
    """
    state.add_callback_handler(_Ending(act))  # type: ignore[no-untyped-call]
