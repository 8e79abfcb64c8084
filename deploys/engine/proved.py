"""What must hold before any host goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.exceptions import OperationError


@operation()
def proved(proof: Callable[[str], Sequence[str]]) -> Generator[StringCommand]:
    """
    Go on once every host that declares this has reached it, and only where nothing is wrong on any of them.

    + proof: what is wrong on a host that is named as pyinfra calls it, a sentence each

    **Example:**

    .. code:: python

        proved(name="The first phase is well", proof=lambda target: [])
    """
    if state.is_executing and (wrong := proof(host.name)):
        raise OperationError("\n".join(wrong))
    host.noop("it holds")
    yield from ()
