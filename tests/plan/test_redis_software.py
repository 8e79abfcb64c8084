"""Valkey in place of Redis: on Debian 13 alone, and never over the data of the other."""

from __future__ import annotations

import pytest

from tests.plan.conftest import PlannedCopy
from tests.plan.test_preflight import rows, with_machines

VALKEY = ("--data", "redis_software=valkey")
KEY = 'redis_software = "valkey"'


def with_line(copy: PlannedCopy, version: str, line: str = "") -> str:
    """The path of an inventory whose Redis host has a Debian, and of which preflight reads one more line."""
    inventory = with_machines(copy, redis1={"version": version})
    if line:
        path = copy.directory / inventory
        path.write_text(path.read_text().replace("*_changed.get(name, ())", f"*_changed.get(name, ()), {line!r}"))
    return inventory


def test_debian_12_has_no_valkey(copy: PlannedCopy) -> None:
    run = copy.plan(*VALKEY)
    assert run.code != 0
    assert rows(run.output) == {("redis1", KEY)}
    assert "Debian 12 has no Valkey" in run.output
    assert "No host was changed." in run.output


def test_on_debian_13_all_of_it_is_valkeys(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", *VALKEY, inventory=with_line(copy, "13"))
    assert run.code == 0, run.output
    assert run.changes["Redis | Redis server"] == ["@fake/redis1"]
    assert "/etc/systemd/system/valkey-server.service.d/tracseq.conf" in run.output
    assert "/etc/systemd/system/redis-server.service.d/tracseq.conf" not in run.output


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (VALKEY, "filled\t/var/lib/redis", "data of Redis in /var/lib/redis"),
        ((), "filled\t/var/lib/valkey", "data of Valkey in /var/lib/valkey"),
    ],
)
def test_data_of_the_other_stops_a_run(copy: PlannedCopy, data: tuple[str, ...], line: str, what: str) -> None:
    run = copy.plan(*data, inventory=with_line(copy, "13", line))
    assert run.code != 0
    assert what in run.output
    assert "docs/operations/redis.md" in run.output


def test_a_site_has_one_of_the_two(copy: PlannedCopy) -> None:
    inventory = with_line(copy, "13")
    path = copy.directory / inventory
    path.write_text(f'{path.read_text()}\nredis[0][1]["redis_software"] = "valkey"\n')
    run = copy.plan(inventory=inventory)
    assert run.code != 0
    assert "redis_software is 'redis' on lb1 and 'valkey' on redis1" in run.output


def test_no_third_one_is_taken(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "redis_software=keydb")
    assert run.code != 0
    assert (
        "redis_software (in group_data/all.py, or what overrides it): Input should be 'redis' or 'valkey'" in run.output
    )
