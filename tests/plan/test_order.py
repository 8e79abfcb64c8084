"""The site reads and runs in its order."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from deploys.roles.registry import ROLES
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
        f"@fake/{name}" for name in ("lb1", "gw1", "gw2", "gw3", "pg1", "pg2", "redis1", "backup1")
    )


def test_every_operation_has_a_name(copy: PlannedCopy) -> None:
    for one in copy.plan().json["plan"]:
        assert one["args"] == [], f"{one['name']} would print its arguments"


def test_the_first_gateway_of_the_run_migrates(copy: PlannedCopy) -> None:
    migrates = "Gateway | Tables are those that the release needs"
    assert copy.plan().changes[migrates] == ["@fake/gw1"]
    assert copy.plan("--limit", "@fake/gw2").changes[migrates] == ["@fake/gw2"]


def test_redis_and_the_release_wait_for_no_postgres(copy: PlannedCopy) -> None:
    names = [one["name"] for one in copy.plan().json["plan"]]
    barrier = names.index("Gateway: what it needs is ready")
    assert names.index("Redis | Redis server") < barrier
    assert names.index("Gateway release | Installed beside the current one") < names.index("The primary is up")


def roles_of(deploy: str) -> list[str]:
    """The roles that a deploy names, in its order."""
    return re.findall(r"^roles\.(\w+)\.apply\(run\)$", Path(deploy).read_text(), re.MULTILINE)


def test_every_role_has_its_line_in_the_site() -> None:
    assert roles_of("deploys/site.py") == [role.name for role in ROLES]


def test_a_site_that_is_recovered_lacks_no_role() -> None:
    """In the order of the site, but that what receives the backups comes before Postgres."""
    found = roles_of("deploys/disaster_recovery.py")
    assert sorted(found) == sorted(role.name for role in ROLES)
    assert [name for name in found if name != "restore"] == [role.name for role in ROLES if role.name != "restore"]
