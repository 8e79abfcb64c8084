"""Runs of pyinfra that are killed while they work."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable

from tests.inventory import PYINFRA

Point = tuple[str, float]
"""Part of an operation's name, and how many seconds after it has begun the run is killed."""


def killed_at(operation: str, after: float, *arguments: str) -> None:
    """
    Begin a run, and kill it when an operation has begun; what it has begun on a host goes on there.

    Args:
        operation: part of its name
        after: seconds after it has begun
        arguments: of pyinfra, beside ``-y``
    """
    said = _killed(operation, after, *arguments)
    assert not said, f"the run ended before {operation}:\n{said}"


def killed_where_it_gets_there(points: Iterable[Point], *arguments: str) -> list[str]:
    """
    Begin a run for each point, and kill it there; a run that is at its end before must have done well.

    Args:
        points: in the order of the runs
        arguments: of pyinfra, beside ``-y``

    Returns:
        the operations at which a run was killed: what an earlier one did is not begun again
    """
    reached = []
    for operation, after in points:
        said = _killed(operation, after, *arguments, fails=False)
        if not said:
            reached.append(operation)
    return reached


def _killed(operation: str, after: float, *arguments: str, fails: bool = True) -> str:
    """What a run said that ended by itself before the operation; nothing of one that was killed."""
    process = subprocess.Popen(
        [PYINFRA, "-y", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "Starting operation: " in line and operation in line:
            time.sleep(after)
            process.kill()
            process.wait()
            return ""
    code = process.wait()
    assert fails or code == 0, f"the run that was to be killed at {operation} failed:\n{''.join(said)}"
    return "".join(said) or "it said nothing"
