"""The site reads and runs in its order."""

from __future__ import annotations

from itertools import pairwise

from tests.plan.conftest import PlannedCopy


def test_every_host_is_ready_before_any_has_a_role(copy: PlannedCopy) -> None:
    run = copy.plan()
    assert run.code == 0, run.output
    names = [one["name"] for one in run.json["plan"]]

    def last(prefix: str) -> int:
        return max(index for index, name in enumerate(names) if name.startswith(prefix))

    def first(prefix: str) -> int:
        return min(index for index, name in enumerate(names) if name.startswith(prefix))

    order = ["Every host is read", "Base |", "Kernel |", "Firewall |", "Postgres primary |",
             "Postgres replica |", "Gateway |", "Load balancer |"]  # fmt: skip
    for earlier, later in pairwise(order):
        assert last(earlier) < first(later), f"{earlier} comes before {later}"
    assert last("Firewall |") < first("Redis |") <= last("Redis |") < first("Gateway |")


def test_each_operation_is_for_the_hosts_of_its_group(copy: PlannedCopy) -> None:
    changes = copy.plan().changes
    assert changes["Redis | Redis server"] == ["@fake/redis1"]
    assert changes["Load balancer | nginx"] == ["@fake/lb1"]
    assert changes["Base | Packages"] == sorted(
        f"@fake/{name}" for name in ("lb1", "gw1", "gw2", "gw3", "pg1", "pg2", "redis1")
    )


def test_every_operation_has_a_name(copy: PlannedCopy) -> None:
    for one in copy.plan().json["plan"]:
        assert one["args"] == [], f"{one['name']} would print its arguments"
