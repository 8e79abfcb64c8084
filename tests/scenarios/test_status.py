"""The whole site on one screen: what is broken is said, for as long as it is broken, and nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest

from deploys.controller.status.screen import WIDTH
from tests import lab
from tests.inventory import group
from tests.scenarios.postgres import UNIT, ask
from tests.scenarios.test_lock import at_work

STATUS = "deploys/status.py"
# The lab's disk is this machine's: how full that is, is not what is tried here.
ARGUMENTS = ("--data", "maximum_disk_use=99.5")
SPACE = "/srv"


def status(*arguments: str) -> lab.Run:
    """What status says to programs."""
    return lab.pyinfra("--json", *ARGUMENTS, *arguments, lab.INVENTORY, STATUS)


def findings(run: lab.Run, wrong: bool = True) -> set[tuple[str, str]]:
    """Section and host of all that is wrong, or of all remarks."""
    return {(one["section"], one["host"]) for one in run.json["findings"] if one["wrong"] is wrong}


def replica() -> str:
    """The host whose server follows."""
    names = [host.name for host in group("postgres", lab.INVENTORY)]
    return next(name for name in names if ask(name, "select pg_is_in_recovery()") == "t")


@contextmanager
def stopped_replica() -> Iterator[set[tuple[str, str]]]:
    name = replica()
    (primary,) = {host.name for host in group("postgres", lab.INVENTORY)} - {name}
    lab.ssh(name, f"systemctl stop {UNIT}")
    try:
        yield {("postgres", name), ("postgres", primary)}
    finally:
        lab.ssh(name, f"systemctl start {UNIT}")
        lab.eventually(lambda: ask(name, "select status from pg_stat_wal_receiver") == "streaming")


@contextmanager
def stopped_gateway() -> Iterator[set[tuple[str, str]]]:
    lab.ssh("gw2", "systemctl stop tracseq-gateway.service")
    try:
        yield {("units", "gw2"), ("gateways", "gw2")}
        assert lab.ssh("gw2", "systemctl is-active tracseq-gateway", check=False).strip() == "inactive"
    finally:
        lab.ssh("gw2", "systemctl start tracseq-gateway.service")
        lab.eventually(lambda: lab.ssh("gw2", "curl --silent --fail http://127.0.0.1:8000/health"))


@contextmanager
def full_disk() -> Iterator[set[tuple[str, str]]]:
    lab.ssh("lb1", f"mount -t tmpfs -o size=1m tmpfs {SPACE} && fallocate -l 1m {SPACE}/filled")
    try:
        yield {("disks", "lb1")}
    finally:
        lab.ssh("lb1", f"umount {SPACE}")


@contextmanager
def waiting_for_a_reboot() -> Iterator[set[tuple[str, str]]]:
    lab.ssh("gw1", "echo linux-image > /run/reboot-required.pkgs; touch /var/run/reboot-required")
    try:
        yield {("upkeep", "gw1")}
    finally:
        lab.ssh("gw1", "rm /run/reboot-required /run/reboot-required.pkgs")


@pytest.fixture(scope="module", autouse=True)
def fresh_lists() -> None:
    """apt's lists are as old as the lab."""
    for name in lab.names():
        lab.ssh(name, "touch /var/lib/apt/lists")


def test_a_site_that_is_well() -> None:
    run = status()
    assert run.code == 0, run.output
    assert run.json["well"] is True
    assert findings(run) == set()
    hosts = run.json["hosts"]
    assert list(hosts) == lab.names()
    assert all(host["read"] for host in hosts.values())
    servers = {name: host["postgres"] for name, host in hosts.items() if "postgres" in host}
    assert sorted(server["role"] for server in servers.values()) == ["primary", "replica"]
    (behind,) = [server["behind"] for server in servers.values() if server["role"] == "replica"]
    assert behind["seconds"] < 60
    assert hosts["redis1"]["redis"]["last_write"] == "ok"
    assert {hosts[name]["gateways"]["health"] for name in ("gw1", "gw2", "gw3")} == {"200"}


def test_people_see_it_on_one_screen() -> None:
    run = lab.pyinfra(*ARGUMENTS, lab.INVENTORY, STATUS)
    assert run.code == 0, run.output
    screen = run.output.partition("--> Loading")[0]
    assert "all is well" in screen
    assert all(re.search(rf"^  {name} ", screen, re.MULTILINE) for name in lab.names())
    assert max(map(len, screen.splitlines())) <= WIDTH
    assert "\033[" not in screen


@pytest.mark.parametrize("broken", [stopped_replica, stopped_gateway, full_disk, waiting_for_a_reboot])
def test_what_is_broken_is_said_and_nothing_else(
    broken: Callable[[], AbstractContextManager[set[tuple[str, str]]]],
) -> None:
    with broken() as expected:
        run = status()
        assert run.code == 1, run.output
        assert run.json["well"] is False
        assert findings(run) == expected


def test_a_run_at_work_is_no_fault() -> None:
    with at_work() as first:
        run = status()
    assert run.code == 0, run.output
    assert findings(run, wrong=False) >= {("lock", "")}
    assert all(host["lock"]["name"].endswith(f"-{first.pid}") for host in run.json["hosts"].values())


def test_a_host_that_is_cut_off_is_a_line_and_the_others_are_shown() -> None:
    lab.cut_off("gw3")
    try:
        with ThreadPoolExecutor() as side_by_side:
            whole, alone = side_by_side.map(lambda limit: status(*limit), [(), ("--limit", "gw3")])
    finally:
        lab.plug_in("gw3")
    for run in (whole, alone):
        assert run.code == 1, run.output
        assert findings(run) == {("hosts", "gw3")}
        assert "is it switched on" in run.json["hosts"]["gw3"]["reason"]
    assert [name for name, host in whole.json["hosts"].items() if host["read"]] == [
        name for name in lab.names() if name != "gw3"
    ]
    assert list(alone.json["hosts"]) == ["gw3"]


def test_all_of_it_is_gone_once_it_is_mended() -> None:
    run = lab.eventually(lambda: found if (found := status()).code == 0 else None)
    assert findings(run) == set()
