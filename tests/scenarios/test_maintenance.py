"""Hosts are taken out, switched off and on, and put back, while users write and the site is deployed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import lab, ledger
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.killed import killed_at

pytestmark = pytest.mark.long

MAINTENANCE, STATUS = "deploys/maintenance.py", "deploys/status.py"
# The lab's disk is this machine's: how full that is, is not what is tried here.
DATA = ("--data", "maximum_disk_use=99.5")
RATE = 100
KILLED = (
    ("gw2", "Who is out is known", 0.1),
    ("gw2", "Its units are stopped", 0.2),
    ("replica", "Its units are stopped", 0.2),
    ("primary", "stops, and", 0.4),
    ("primary", "Nobody takes writes", 0.0),
    ("primary", "Everybody knows", 0.0),
)
"""Hosts, operations, and how many seconds after each begins the run is killed."""
UNITS = {"gateways": "tracseq-gateway.service", "postgres": "postgresql@*-main.service"}


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    lab.site()
    # As a host is a while after its boot: Debian's lists are no older than status wants them.
    for name in lab.names():
        lab.ssh(name, "touch /var/lib/apt/lists")
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    # What was tried before may not have settled.
    lab.eventually(lambda: status().code == 0, within=240, every=5)
    yield
    for name in out():
        back(name)
    ledger.gone()


def maintenance(name: str, *arguments: str) -> lab.Run:
    return lab.pyinfra("-y", "--json", *DATA, *arguments, "--limit", name, lab.INVENTORY, MAINTENANCE)


def back(name: str) -> lab.Run:
    return maintenance(name, "--data", "back=true")


def out() -> list[str]:
    return lab.ssh("redis1", "ls /var/lib/tracseq-maintenance 2>/dev/null || true").split()


def status() -> lab.Run:
    return lab.pyinfra(*DATA, lab.INVENTORY, STATUS)


def runs(name: str, unit: str) -> bool:
    return bool(lab.ssh(name, f"systemctl --quiet is-active '{unit}' && echo yes || true").strip())


def host(name: str) -> str:
    """A host's name, of a Postgres host by its part."""
    parts = {"primary": postgres.found().primary, "replica": postgres.found().replica}
    return parts.get(name, name)


@pytest.mark.parametrize("which", ["gw2", "replica", "primary"])
def test_a_host_is_switched_off_and_on_and_nobody_waits_for_long(which: str) -> None:
    name = host(which)
    unit = UNITS["gateways" if name.startswith("gw") else "postgres"]
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        left = maintenance(name, "--data", "why=its disks are changed")
        assert left.code == 0, left.output
        judge.more(RATE)
        assert out() == [name]
        assert not runs(name, unit)
        repeated = maintenance(name)
        assert (repeated.code, repeated.changes) == (0, {}), repeated.output
        lab.pull_the_plug(name)
        judge.more(RATE)
        without = lab.site()
        assert without.code == 0, without.output
        assert f"{name} is out for maintenance since " in without.output
        assert without.changes == {}
        seen = status()
        assert f"{name} is out for maintenance since " in seen.output
        assert "its disks are changed" in seen.output
        assert seen.code == 0, seen.output
        lab.up(name)
        judge.more(RATE)
        again = lab.site()
        assert (again.code, again.changes) == (0, {}), again.output
        repeated = maintenance(name)
        assert (repeated.code, repeated.changes) == (0, {}), "after a boot: " + repeated.output
        assert not runs(name, unit)
        returned = back(name)
        assert returned.code == 0, returned.output
        judge.more(RATE)
        lab.eventually(lambda: runs(name, unit))
        assert out() == []
        repeated = back(name)
        assert (repeated.code, repeated.changes) == (0, {}), repeated.output
        judge.more(RATE)
    print(
        f"\n{which} ({name}) out, off, on and back: {len(judge.acknowledged)} writes, {len(judge.failed)} failed, "
        f"longest {judge.longest:.2f} s"
    )
    print("\n".join(judge.failed[:10]))
    assert judge.lost(postgres.found().primary) == set()
    assert judge.failed == []


def test_a_second_one_of_a_kind_is_refused() -> None:
    assert maintenance("gw2").code == 0
    try:
        refused = maintenance("gw1", "--data", "force=true")
        assert refused.code != 0
        assert "gw2 is out for maintenance since " in refused.output
        assert "Put gw2 back first" in refused.output
        assert out() == ["gw2"]
    finally:
        assert back("gw2").code == 0


def test_the_only_one_of_a_kind_is_refused() -> None:
    for name, why in (("lb1", "nobody reaches the site"), ("redis1", "each gateway limits by itself")):
        refused = maintenance(name)
        assert refused.code != 0
        assert f"{name} is the only host in " in refused.output
        assert why in refused.output
    assert out() == []


@pytest.mark.parametrize(("which", "operation", "after"), KILLED)
def test_a_run_that_is_killed_is_finished_by_the_same_command(which: str, operation: str, after: float) -> None:
    name, judge = host(which), Ledger()
    command = (*DATA, "--limit", name, lab.INVENTORY, MAINTENANCE)
    with judge.writing(RATE):
        judge.more(RATE)
        killed_at(operation, after, *command)
        again = maintenance(name)
        assert again.code == 0, again.output
        assert out() == [name]
        assert not runs(name, UNITS["gateways" if name.startswith("gw") else "postgres"])
        killed_at("Its units may start again", 0.2, "--data", "back=true", *command)
        returned = back(name)
        assert returned.code == 0, returned.output
        judge.more(RATE)
    print(f"\n{name}, killed at {operation!r}: {len(judge.acknowledged)} writes, longest {judge.longest:.2f} s")
    assert out() == []
    assert judge.lost(postgres.found().primary) == set()
    assert lab.site().changes == {}
