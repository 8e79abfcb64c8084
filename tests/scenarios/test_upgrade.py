"""Every host is booted, one after the other, while users work."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploys.settings.lab import machine_directory
from tests import lab, ledger
from tests.beside import beside
from tests.inventory import hosts
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.balancers import INVENTORY, two_balancers

pytestmark = pytest.mark.long

UPGRADE = "deploys/upgrade.py"
# The lab's disk is this machine's: how full that is, is not what is tried here.
ARGUMENTS = ("-y", "--json", "--data", "maximum_disk_use=99.5")
RATE = 100
HOSTS = list(hosts(INVENTORY))


@pytest.fixture(scope="module", autouse=True)
def site_with_two_balancers(site_as_it_should_be: None) -> Iterator[None]:
    """The second takes the address while the first boots."""
    with two_balancers():
        for name in HOSTS:
            lab.ssh(name, "touch /var/lib/apt/lists", inventory=INVENTORY)
        ledger.serve(postgres.found().primary, inventory=INVENTORY)
        lab.eventually(lambda: ledger.answers(INVENTORY), within=120, every=1)
        yield
        ledger.gone()


@contextmanager
def switched_on_again() -> Iterator[None]:
    """A machine that boots ends its container: what starts it again on a real host is its firmware."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1):
            for name in HOSTS:
                process = (machine_directory(name) / "pid").read_text().strip()
                if not Path(f"/proc/{process}").exists():
                    lab.up(name, inventory=INVENTORY)

    with beside(watch, ended):
        yield


def booted() -> dict[str, str]:
    stamp = "systemctl show --value --property=UserspaceTimestampMonotonic"
    return {name: lab.ssh(name, stamp, inventory=INVENTORY) for name in HOSTS}


def test_all_are_booted_one_after_the_other_and_nobody_is_turned_away() -> None:
    judge, before, primary = Ledger(INVENTORY), booted(), postgres.found().primary
    with switched_on_again(), judge.writing(RATE):
        judge.more(RATE)
        run = lab.pyinfra(*ARGUMENTS, "--data", "reboot=true", INVENTORY, UPGRADE, timeout=1500)
        judge.more(RATE)
    assert run.code == 0, run.output
    after = booted()
    print("\n" + "\n".join(line for line in run.output.splitlines() if re.search(r"is back after|^.*[0-9]+[.] ", line)))
    print(f"{len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed, longest {judge.longest:.2f} s")
    assert {name for name in before if after[name] != before[name]} == set(before)
    assert postgres.found().primary != primary
    assert judge.lost(postgres.found().primary) == set()
    assert judge.failed == []
    again = lab.pyinfra(*ARGUMENTS, INVENTORY, UPGRADE)
    assert (again.code, again.changes) == (0, {}), again.output
    assert lab.site(inventory=INVENTORY).changes == {}


def test_a_site_that_is_not_well_is_left_as_it_is() -> None:
    before = booted()
    lab.ssh("redis1", "systemctl stop redis-server.service")
    try:
        run = lab.pyinfra(*ARGUMENTS, "--data", "reboot=true", INVENTORY, UPGRADE)
    finally:
        lab.ssh("redis1", "systemctl start redis-server.service")
    assert run.code != 0
    assert "The site is not well" in run.output
    assert "  - redis1: " in run.output
    assert booted() == before
