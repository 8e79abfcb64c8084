"""One script on a host, one at a time."""

from __future__ import annotations

import shlex

from pyinfra.api import QuoteString, StringCommand

from deploys.facts.machine import LOCK, LOCK_TIMEOUT
from deploys.facts.run_lock import FILE

HELD = 75
"""How flock(1) is told to end when the lock was not to be had."""

METRIC = "/var/lib/tracseq/state/last_change.prom"
"""Where the exporter of the machine finds when a run last changed the host, and which one."""
NOTED = (
    # This machine, as the controller of a lab, is no host of a run.
    f"{{ [ ! -s {FILE} ] || {{ mkdir -p {METRIC.rpartition('/')[0]}; "
    "printf 'tracseq_last_change_timestamp_seconds{run=\"%s\"} %s\\n' "
    f'"$(cut -f 1 {FILE})" "$(date +%s)" > {METRIC}; }} || true; }}'
)
"""Shell: note that; a disk that is full keeps nobody from what was changed."""


def script(*lines: str, stdin: str = "") -> StringCommand:
    """
    A shell script that ends at its first error, and that no other runs beside on the host.

    What a run has begun on a host goes on when the run is killed. The next run would meet it half
    way; so each script holds a lock, and a run begins by waiting for it (see facts/machine.py).

    + lines: of the script, each a command whose failure ends it: of a list joined by ``&&`` only the
      last one does that
    + stdin: what it reads; secrets may be in it, and nowhere else
    """
    waited = (
        f"An earlier run is still at work on this host, for {LOCK_TIMEOUT} s now (ps -ef shows what it does). "
        "Let it end, and run again."
    )
    return StringCommand(
        f"mkdir -p {LOCK.rpartition('/')[0]} &&",
        # Without --close a daemon that the script starts would hold the lock for ever.
        f"flock --close --timeout {LOCK_TIMEOUT} --conflict-exit-code {HELD} {LOCK} sh -c",
        QuoteString("\n".join(("set -eu", *lines))),
        f"&& {NOTED}",
        f"|| {{ code=$?; [ $code != {HELD} ] || echo {shlex.quote(waited)} >&2; exit $code; }}",
        _stdin=stdin,
    )
