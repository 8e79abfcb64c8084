"""While a gateway changes, balancers share requests among the others, or give it little."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from deploys.controller.upstreams import Server, changing, memory, out, upstreams


def gateways(number: int) -> list[Any]:
    return [SimpleNamespace(name=f"gw{one}", address=f"10.1.0.{one}") for one in range(1, number + 1)]


def servers(number: int, share: int = 10) -> dict[str, tuple[Server, ...]]:
    return {one.name: one.servers for one in upstreams(gateways(number), 8000, share)}


def names(found: tuple[Server, ...], backup: bool = False) -> list[str]:
    return [server.name for server in found if server.backup == backup]


def test_all_of_them_first_and_then_without_each() -> None:
    found = servers(3)
    assert next(iter(found)) == "gateways"
    assert names(found["gateways"]) == ["gw1", "gw2", "gw3"]
    assert names(found["gateways_without_gw2"]) == ["gw1", "gw3"]
    # Where no other answers, one that changes is better than nobody.
    assert names(found["gateways_without_gw2"], backup=True) == ["gw2"]


def test_one_that_is_out_for_maintenance_is_asked_by_nobody_whatever_changes_meanwhile() -> None:
    found = servers(3)
    assert names(found["gateways_while_gw2_is_out"]) == ["gw1", "gw3"]
    changes = found["gateways_without_gw1_while_gw2_is_out"]
    assert (names(changes), names(changes, backup=True)) == (["gw3"], ["gw1"])
    assert all(server.name != "gw2" for name, each in found.items() if "gw2_is_out" in name for server in each)


@pytest.mark.parametrize("number", [2, 3, 4])
def test_there_is_an_upstream_for_whatever_files_there_are_and_nginx_takes_each(number: int) -> None:
    found, hosts = servers(number), gateways(number)
    for first in ["gateways", *(one.part for one in changing(hosts))]:
        for second in ["", *(one.part for one in out(hosts))]:
            assert names(found[f"{first}{second}"]), "one with nothing but backups is refused"


@pytest.mark.parametrize("number", [1, 2, 3, 10])
def test_nginx_has_the_memory_that_all_of_them_need(number: int) -> None:
    found = upstreams(gateways(number), 8000, 10)
    # As nginx 1.22 takes it from its shared memory; less than 8 pages it refuses.
    assert memory(found) * 1024 >= max(8 * 4096, sum(500 + 528 * len(one.servers) for one in found))
    assert memory(found) < 2500


def test_what_is_looked_for() -> None:
    assert [one.file for one in changing(gateways(2))][:2] == [
        "/run/tracseq-balancer/drained/gw1",
        "/run/tracseq-balancer/canary/gw1",
    ]
    assert [one.file for one in out(gateways(2))] == [
        "/var/lib/tracseq-maintenance/gw1",
        "/var/lib/tracseq-maintenance/gw2",
    ]


def test_one_alone_is_never_left_out() -> None:
    assert list(servers(1)) == ["gateways"]
    assert (changing(gateways(1)), out(gateways(1))) == ((), ())


@pytest.mark.parametrize(("share", "number", "weight"), [(10, 3, 5), (50, 2, 1), (50, 3, 1), (1, 3, 50), (25, 4, 1)])
def test_one_that_is_tried_gets_its_share_or_as_much_as_the_others(share: int, number: int, weight: int) -> None:
    weights = {server.name: server.weight for server in servers(number, share)["gateways_and_little_for_gw1"]}
    assert weights.pop("gw1") == 1
    assert set(weights.values()) == {weight}
    assert 1 / (1 + sum(weights.values())) <= share / 100 or weight == 1
