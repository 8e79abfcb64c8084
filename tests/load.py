"""
How a site answers when requests come at a constant rate, whether or not the ones before have been answered.

    make load-test INVENTORY=inventories/lab.py                       1,000 requests a second, for ten seconds
    make load-test INVENTORY=… RATE=200 SECONDS=60 PATH_OF=/health

nghttp2's h2load asks, over TLS and HTTP/2, with so many requests at once on each connection that one which waits keeps
no other from being sent: a gateway that freezes for a second is seen in the times of all that came in that second.
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.client import base

GOAL_RATE, GOAL_SECONDS = 1000, 0.1
"""The deployment guide's: requests a second, and within which time they are answered."""
STREAMS = 200
"""Requests under way at once on a connection."""
OF_A_CONNECTION = 900
"""nginx ends a connection after 1,000 requests (keepalive_requests), and h2load opens no other in its place."""


@dataclass(frozen=True)
class Result:
    """What came of a load."""

    rate: float
    """Requests a second that were sent."""
    times: list[float]
    """Seconds that each answered request took, the shortest first."""
    failed: int
    """Requests that were answered with a status of 4xx or 5xx, or not at all."""

    def within(self, share: float) -> float:
        """The seconds within which this share (0 to 1) of the requests was answered."""
        return self.times[min(len(self.times) - 1, int(share * len(self.times)))] if self.times else math.inf

    def __str__(self) -> str:
        times = ", ".join(f"{name} {self.within(share) * 1000:.0f} ms" for name, share in QUANTILES.items())
        return (
            f"{len(self.times) + self.failed} requests at {self.rate:.0f} a second (goal {GOAL_RATE}): {times} "
            f"(goal p95 {GOAL_SECONDS * 1000:.0f} ms), {self.failed} failed"
        )


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}


def load(inventory: str, rate: int, seconds: int, path: str) -> Result:
    """
    Ask a site, and wait until all has been answered.

    Args:
        inventory: that of the site; nobody else is asked
        rate: requests a second
        seconds: for how long
        path: what is asked for; it needs no token, and is not limited for one address
    """
    url, headers = base(inventory)
    connections = max(10, math.ceil(rate * seconds / OF_A_CONNECTION))
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "requests"
        command = [
            "h2load", f"--requests={rate * seconds}", f"--clients={connections}", f"--rps={rate / connections:.3f}",
            f"--max-concurrent-streams={STREAMS}", f"--log-file={log}", f"--header=:authority: {headers['Host']}",
            f"{url}{path}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120, check=False)
        if done.returncode or not log.exists():
            raise RuntimeError(f"h2load failed: {done.stderr.strip() or done.stdout.strip()}")
        return parsed(log.read_text(), rate * seconds)


def parsed(log: str, asked: int) -> Result:
    """
    What h2load noted of each request: when it began and how long it took, in microseconds, and its status.

    Args:
        log: the text of its file
        asked: how many requests it was to send
    """
    rows = [line.split("\t")[:3] for line in log.splitlines()]
    began = [int(row[0]) for row in rows]
    well = sorted(int(row[2]) / 1e6 for row in rows if 200 <= int(row[1]) < 400)
    took = (max(began) - min(began)) / 1e6 if rows else 0.0
    return Result(len(rows) / took if took else 0.0, well, asked - len(well))


def main() -> int:
    """Load a site and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inventory", help="that of the site")
    parser.add_argument("--rate", type=int, default=GOAL_RATE, help="requests a second")
    parser.add_argument("--seconds", type=int, default=10, help="for how long")
    parser.add_argument("--path", default="/health", help="what is asked for")
    arguments = parser.parse_args()
    if not shutil.which("h2load"):
        print("h2load is not on this machine: apt install nghttp2-client")
        return 1
    result = load(arguments.inventory, arguments.rate, arguments.seconds, arguments.path)
    print(result)
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
