"""Runs of pyinfra that are killed while they work."""

from __future__ import annotations

import subprocess
import time

from tests.inventory import PYINFRA


def killed_at(operation: str, after: float, *arguments: str) -> None:
    """
    Begin a run, and kill it when an operation has begun; what it has begun on a host goes on there.

    Args:
        operation: part of its name
        after: seconds after it has begun
        arguments: of pyinfra, beside ``-y``
    """
    process = subprocess.Popen(
        [PYINFRA, "-y", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "Starting operation: " in line and operation in line:
            break
    else:
        raise AssertionError(f"the run ended before {operation}:\n{''.join(said)}")
    time.sleep(after)
    process.kill()
    process.wait()
