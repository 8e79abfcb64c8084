"""In which order hosts have their turns, and what their absence costs."""

from __future__ import annotations

from deploys.controller.upkeep.order import absences, order
from deploys.settings.site import Site
from tests.unit.status.pretended import SITE, host

OTHERS = [one for one in SITE.hosts if "redis" not in one.groups]
BALANCED = Site((host("lb1", 11, "load_balancers"), host("lb2", 12, "load_balancers"), *SITE.hosts), {})


def test_those_that_others_lean_on_come_last() -> None:
    names = [one.name for one in BALANCED.hosts]
    assert order(BALANCED, "pg1", "lb1", names) == (
        "redis1", "backup1", "gw1", "gw2", "lb2", "lb1", "pg2", "pg1",
    )  # fmt: skip


def test_of_redis_servers_the_master_comes_last() -> None:
    servers = [host(f"redis{number}", 40 + number, "redis", "sentinels") for number in (1, 2, 3)]
    site = Site((*servers, *OTHERS), {})
    found = order(site, "pg1", None, {"redis1", "redis2", "redis3", "pg1"}, "redis2")
    assert found == ("redis1", "redis3", "redis2", "pg1")


def test_only_those_that_wait_have_a_turn() -> None:
    assert order(BALANCED, "pg2", None, {"pg2", "pg1", "gw1"}) == ("gw1", "pg1", "pg2")


def test_of_machines_that_are_several_things_the_primary_is_the_last() -> None:
    everything = ("load_balancers", "gateways", "postgres")
    site = Site((host("one1", 1, *everything), host("two1", 2, *everything), *SITE.hosts), {})
    assert order(site, "one1", "two1", {"one1", "two1", "redis1"}) == ("redis1", "two1", "one1")


def test_what_nobody_else_does_is_said() -> None:
    (sentence,) = absences(BALANCED, "redis1")
    assert sentence.startswith("redis1 is the only host in redis: while it boots, each gateway limits by itself")
    assert list(absences(BALANCED, "gw1")) == []
