"""A site whose servers Patroni keeps: refused without a majority, and planned in its order."""

from __future__ import annotations

from itertools import pairwise

from tests.plan.conftest import PlannedCopy

BY_PATRONI = ("--data", "postgres_failover=patroni")


def test_two_postgres_hosts_without_a_majority_are_refused(copy: PlannedCopy) -> None:
    run = copy.plan(*BY_PATRONI)
    assert run.code != 0
    assert "the inventory has no group etcd" in run.output
    assert "only a majority can" in run.output


def test_etcd_comes_before_patroni_and_patroni_before_the_servers(copy: PlannedCopy) -> None:
    inventory = copy.directory / "with_etcd.py"
    inventory.write_text((copy.directory / "tests/plan/inventory.py").read_text() + "\netcd = [*postgres, *redis]\n")
    run = copy.plan(*BY_PATRONI, inventory="with_etcd.py")
    assert run.code == 0, run.output
    names = [one["name"] for one in run.json["plan"]]
    order = [
        "etcd | It is with a majority",
        "Patroni | Who it is to the others, and its unit",
        "Postgres primary | Server",
    ]
    assert all(names.index(earlier) < names.index(later) for earlier, later in pairwise(order))
    assert len(run.changes["etcd | Member"]) == 3
