"""While a gateway changes, balancers share requests among the others, or give it little."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from deploys.controller.upstreams import upstreams


def gateways(number: int) -> list[Any]:
    return [SimpleNamespace(name=f"gw{one}", address=f"10.1.0.{one}") for one in range(1, number + 1)]


def test_all_of_them_first_and_then_without_each() -> None:
    every, *others = upstreams(gateways(3), 8000, 10)
    assert (every.name, every.file) == ("gateways", "")
    assert [server.name for server in every.servers] == ["gw1", "gw2", "gw3"]
    without = {one.file: one.servers for one in others if "without" in one.name}
    drained = without["/run/tracseq-balancer/drained/gw2"]
    assert [server.name for server in drained if not server.backup] == ["gw1", "gw3"]
    # Where no other answers, one that changes is better than nobody.
    assert [server.name for server in drained if server.backup] == ["gw2"]
    assert len(without) == 3


def test_one_alone_is_never_left_out() -> None:
    assert [one.name for one in upstreams(gateways(1), 8000, share=10)] == ["gateways"]


@pytest.mark.parametrize(("share", "number", "weight"), [(10, 3, 5), (50, 2, 1), (50, 3, 1), (1, 3, 50), (25, 4, 1)])
def test_one_that_is_tried_gets_its_share_or_as_much_as_the_others(share: int, number: int, weight: int) -> None:
    (little,) = [one for one in upstreams(gateways(number), 8000, share) if one.file.endswith("/canary/gw1")]
    weights = {server.name: server.weight for server in little.servers}
    assert weights.pop("gw1") == 1
    assert set(weights.values()) == {weight}
    assert 1 / (1 + sum(weights.values())) <= share / 100 or weight == 1
