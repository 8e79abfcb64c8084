"""The load test asks a site as fast as it says, and sees a gateway that stands still."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time

import pytest

from tests import lab
from tests.inventory import group
from tests.load import load

RATE, SECONDS = 100, 6
FREEZE = 1.0
"""Seconds that every gateway stands still."""
KILL = "systemctl kill --signal={signal} tracseq-gateway.service"


@pytest.fixture(scope="module", autouse=True)
def h2load() -> None:
    if not shutil.which("h2load"):
        for command in (["update"], ["install", "--yes", "nghttp2-client"]):
            subprocess.run(["apt-get", "--quiet=2", *command], check=True, capture_output=True)


def freeze(names: list[str]) -> None:
    time.sleep(SECONDS / 2)
    for signal, seconds in (("STOP", FREEZE), ("CONT", 0.0)):
        for name in names:
            lab.ssh(name, KILL.format(signal=signal))
        time.sleep(seconds)


def test_a_freeze_of_all_gateways_is_seen_in_all_that_came_meanwhile() -> None:
    names = [host.name for host in group("gateways", lab.INVENTORY)]
    calm = load(lab.INVENTORY, RATE, SECONDS, "/health")
    frozen = threading.Thread(target=freeze, args=(names,))
    frozen.start()
    seen = load(lab.INVENTORY, RATE, SECONDS, "/health")
    frozen.join()
    print(f"\ncalm: {calm}\nall gateways frozen for {FREEZE:.0f} s: {seen}")
    assert calm.failed == seen.failed == 0
    assert len(calm.times) == len(seen.times) == RATE * SECONDS
    assert seen.within(1.0) >= FREEZE
    # Half of a freeze, and longer, was waited by those that came in its first half.
    assert seen.within(1 - RATE * FREEZE / 2 / (RATE * SECONDS) + 0.01) >= FREEZE / 2 > calm.within(0.5)
