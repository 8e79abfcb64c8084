"""What `make verify` proves of hosts, from within a scenario and of its own inventory."""

from __future__ import annotations

import os
import subprocess
import sys


def proved(inventory: str, *names: str) -> None:
    """
    Have the hosts of an inventory prove that they behave.

    Args:
        inventory: path of it
        *names: of files of tests/hosts, without ``test_`` and suffix
    """
    files = [f"tests/hosts/test_{name}.py" for name in names]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *files],
        env=os.environ | {"INVENTORY": inventory}, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    print(done.stdout[-200:])
