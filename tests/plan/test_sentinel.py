"""A site with three Redis servers: two are refused, and three are planned in their order."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.plan.conftest import PlannedCopy

BY_SENTINEL = ("--data", "redis_sentinel_port=26379")


OTHERS = {1: "", 2: "*postgres[:1]", 3: "*postgres", 4: "*postgres, *backups"}
"""By number of Redis hosts, those beside redis1."""


def with_servers(copy: PlannedCopy, many: int) -> str:
    """An inventory with so many Redis hosts."""
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    (copy.directory / "with_redis.py").write_text(f"{text}\nredis = [*redis, {OTHERS[many]}]\n")
    return "with_redis.py"


@pytest.mark.parametrize(
    ("many", "data", "why"),
    [
        (2, BY_SENTINEL, "a master without a replica takes no writes"),
        (1, BY_SENTINEL, "Sentinels need three"),
        (4, BY_SENTINEL, "Sentinels need three"),
        (3, (), "they would know nothing of each other"),
    ],
)
def test_other_numbers_are_refused(copy: PlannedCopy, many: int, data: tuple[str, ...], why: str) -> None:
    run = copy.plan(*data, inventory=with_servers(copy, many))
    assert run.code != 0
    assert why in run.output


def test_a_sentinel_beside_each_server_and_the_master_first_of_all(copy: PlannedCopy) -> None:
    run = copy.plan(*BY_SENTINEL, inventory=with_servers(copy, 3))
    assert run.code == 0, run.output
    names = [one["name"] for one in run.json["plan"]]
    order = ["Redis Sentinel | It knows the master", "Redis Sentinel | Sentinel", "Redis | It begins as a replica",
             "Redis | Redis server", "Redis | It has its part",
             "Gateway | Gateway runs it, one host at a time"]  # fmt: skip
    assert all(names.index(earlier) < names.index(later) for earlier, later in pairwise(order))
    assert run.changes["Redis | It begins as a replica"] == ["@fake/pg2", "@fake/redis1"]
    assert len(run.changes["Redis Sentinel | Sentinel"]) == 3
    servers = [one["hosts_with_change"] for one in run.json["plan"] if one["name"] == "Redis | Redis server"]
    assert servers[0] == ["@fake/pg1"], "the first of the inventory"
    assert len(servers) == 3
    # Hosts that share no operation go side by side, and a master must not hand over to a replica that is restarted.
    turns = [len(one["hosts_with_change"]) if one["name"] == "Redis | Redis server" else 0 for one in run.json["plan"]
             if one["name"] == "Redis | Redis server" or one["name"].endswith("has its files and follows")]  # fmt: skip
    assert turns == [1, 0, 1, 0, 1, 0]


def test_over_tls_all_of_them_follow_and_watch_at_the_port_of_that(copy: PlannedCopy) -> None:
    tls = ("--data", "redis_tls_port=6380", "--data", "redis_sentinel_tls_port=26380")
    run = copy.plan("--diff", *BY_SENTINEL, *tls, inventory=with_servers(copy, 3))
    assert run.code == 0, run.output
    assert {f"--dport {port} " in run.output for port in (6380, 26380)} == {True}
    assert {f"--dport {port} " in run.output for port in (6379, 26379)} == {False}
    assert run.changes["Redis Sentinel | It knows the master"]


def test_one_server_has_no_sentinel(copy: PlannedCopy) -> None:
    run = copy.plan()
    assert run.code == 0, run.output
    assert not any(one["name"].startswith("Redis Sentinel") for one in run.json["plan"])
