"""A second gateway beside each, where the data has a port for it."""

from __future__ import annotations

from tests.plan.conftest import PlannedCopy

GREEN = ("--data", "gateway_green_port=8001", "--data", "postgres_max_connections=200")


def test_without_a_port_there_is_none(copy: PlannedCopy) -> None:
    run = copy.plan("--diff")
    assert run.code == 0, run.output
    assert "_green {" not in run.output
    assert "set $colour" not in run.output


def test_balancers_know_of_both_and_send_to_the_one_that_a_bare_site_has(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", *GREEN)
    assert run.code == 0, run.output
    assert run.changes["Load balancer | Requests go to the blue gateways"] == ["@fake/lb1"]
    assert "upstream gateways_without_gw2_green {" in run.output
    assert "server 10.0.0.22:8001 max_fails" in run.output
    assert "proxy_pass http://$gateways$out$colour;" in run.output
    assert run.changes["Gateway | Gateway runs it, one host at a time"] == ["@fake/gw1", "@fake/gw2", "@fake/gw3"]


def test_both_need_connections(copy: PlannedCopy) -> None:
    run = copy.plan(*GREEN[:2])
    assert run.code != 0
    assert "twice with gateway_green_port" in run.output


def test_the_other_one_has_a_release_that_is_kept(copy: PlannedCopy) -> None:
    run = copy.plan(*GREEN, "--data", "gateway_releases_kept=1")
    assert run.code != 0
    assert "gateway_releases_kept (of gw1) must be 2 or more with gateway_green_port" in run.output
