"""Answers that load balancers keep: those of routes that are public, and of no other."""

from __future__ import annotations

import json

import pytest

from tests.plan.conftest import PlannedCopy

ROUTE = "/api/templates/public/*"


def arguments(route: str, public: str = ROUTE) -> list[str]:
    values = {"kept_routes": json.dumps([route]), "gateway_environment": json.dumps({"PUBLIC_ROUTES": public})}
    return [word for key, value in values.items() for word in ("--data", f"{key}={value}")]


def test_without_routes_nothing_is_kept(copy: PlannedCopy) -> None:
    run = copy.plan("--diff")
    assert run.code == 0, run.output
    assert "proxy_cache" not in run.output
    assert not any("answers" in name for name in run.changes)


def test_what_is_public_is_kept_and_of_no_earlier_release(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", *arguments(ROUTE, f"GET|HEAD {ROUTE}, /api/auth/login"))
    assert run.code == 0, run.output
    assert "location ^~ /api/templates/public/ {" in run.output
    assert run.changes["Load balancer | No answers of earlier releases"] == ["@fake/lb1"]


@pytest.mark.parametrize("public", ["", "/api/templates/*", f"POST {ROUTE}"])
def test_what_is_not_public_is_refused(copy: PlannedCopy, public: str) -> None:
    run = copy.plan(*arguments(ROUTE, public))
    assert run.code != 0
    assert f"kept_routes (of lb1) has {ROUTE}, which is none of the public routes of gw1" in run.output
    assert "no host was touched" in run.output


@pytest.mark.parametrize("route", ["/api/a b", "/api/a;c=1", "/api/%61", "/api/*/b", "api/a"])
def test_what_could_be_read_in_two_ways_is_no_route(copy: PlannedCopy, route: str) -> None:
    run = copy.plan(*arguments(route, route))
    assert run.code != 0
    assert "kept_routes" in run.output
