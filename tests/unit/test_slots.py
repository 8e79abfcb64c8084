"""Which of two gateways per host a run changes, and to which one the load balancers switch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from deploys.controller.releases import slots
from deploys.controller.releases.slots import Found
from deploys.facts.release import ReleaseState

NEW, OLD = "new", "old"
BOTH: Any = slots.known(SimpleNamespace(gateway_port=8000, gateway_green_port=8001, gateway_tls_port=None))  # type: ignore[arg-type]


def found(blue: str, green: str | None, *sends: str | None, whole: bool = True, last: str | None = None) -> Found:
    """Three gateways with these releases, the last one with another in its green slot."""
    names = ("gw1", "gw2", "gw3")
    releases = {name: ReleaseState(current=blue, green=last if last and name == "gw3" else green) for name in names}
    return Found(BOTH, releases, {f"lb{place}": one for place, one in enumerate(sends)}, whole)


def decided(one: Found, release: str = NEW) -> tuple[str, str]:
    made = one.decided(dict.fromkeys(one.releases, release))
    return made.active.name, made.target.name


def test_a_site_without_a_second_port_has_one_slot() -> None:
    (blue,) = slots.known(SimpleNamespace(gateway_port=8000, gateway_green_port=None, gateway_tls_port=None))  # type: ignore[arg-type]
    assert decided(Found((blue,), {"gw1": ReleaseState(current=OLD)}, {"lb1": "blue"})) == ("blue", "blue")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(found(OLD, None, "blue"), ("blue", "green"), id="the first release beside"),
        pytest.param(found(OLD, "older", "blue", "blue"), ("blue", "green"), id="over the one before the last"),
        pytest.param(found("older", OLD, "green", "green"), ("green", "blue"), id="and back into blue"),
        pytest.param(found(NEW, OLD, "blue"), ("blue", "blue"), id="nothing to do"),
        pytest.param(found(OLD, NEW, "green"), ("green", "green"), id="nothing to do in green"),
        pytest.param(found(OLD, NEW, "blue"), ("blue", "green"), id="only the switch is left"),
        pytest.param(found(OLD, NEW, "blue", last=OLD), ("blue", "green"), id="killed while one was missing"),
        pytest.param(found(OLD, NEW, "green", "blue"), ("blue", "green"), id="killed within the switch"),
        pytest.param(found(OLD, "older", "green", "blue"), ("blue", "blue"), id="both serve: in turns"),
        pytest.param(found(OLD, NEW, "green", "green", "blue", last=OLD), ("green", "green"), id="and one lacks it"),
        pytest.param(found(OLD, None, None), ("blue", "blue"), id="a balancer that has no nginx yet"),
        pytest.param(found(OLD, None, "blue", whole=False), ("blue", "blue"), id="a limit: in turns"),
        pytest.param(found("older", OLD, "green", None), ("green", "blue"), id="a new balancer beside one that serves"),
    ],
)
def test_what_is_changed(state: Found, expected: tuple[str, str]) -> None:
    assert decided(state) == expected


def test_a_new_gateway_gets_what_all_get() -> None:
    state = found(OLD, NEW, "green")
    state = Found(BOTH, {**state.releases, "gw4": ReleaseState()}, state.sends)
    assert decided(state) == ("green", "blue")
