"""One script on a host, one at a time."""

from __future__ import annotations

from pyinfra.api import QuoteString, StringCommand

from deploys.facts.machine import LOCK, PATIENCE


def script(*lines: str, stdin: str = "") -> StringCommand:
    """
    A shell script that ends at its first error, and that no other runs beside on the host.

    What a run has begun on a host goes on when the run is killed. The next run would meet it half
    way; so each script holds a lock, and a run begins by waiting for it (see facts/machine.py).

    + lines: of the script
    + stdin: what it reads; secrets may be in it, and nowhere else
    """
    return StringCommand(
        f"mkdir -p {LOCK.rpartition('/')[0]} &&",
        # Without --close a daemon that the script starts would hold the lock for ever.
        f"flock --close --timeout {PATIENCE} {LOCK} sh -c",
        QuoteString("\n".join(("set -eu", *lines))),
        _stdin=stdin,
    )
