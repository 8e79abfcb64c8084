"""An online authority: refused where no host has its name, and planned for all hosts of a site that has it."""

from __future__ import annotations

from typing import Any

from tests.plan.conftest import PlannedCopy

AUTHORITY = "Certificate authority | It renews certificates"
RENEWAL = "Renewal of certificates | It renews what is due"


def hosts(plan: list[dict[str, Any]], name: str) -> list[str]:
    """On which hosts an operation would change something."""
    return [host.removeprefix("@fake/") for one in plan if one["name"] == name for host in one["hosts_with_change"]]


def test_a_name_that_no_host_has_is_said(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "certificate_authority=backup9")
    assert run.code != 0
    assert "certificate_authority (in group_data/all.py): backup9 is no host of the site; there are lb1," in run.output
    assert "no host was touched" in run.output


def test_every_host_renews_and_one_signs(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "certificate_authority=redis1")
    assert run.code == 0, run.output
    assert hosts(run.json["plan"], AUTHORITY) == ["redis1"]
    everybody = ["backup1", "gw1", "gw2", "gw3", "lb1", "pg1", "pg2", "redis1"]
    assert sorted(hosts(run.json["plan"], RENEWAL)) == everybody


def test_without_one_nothing_of_it_is_planned(copy: PlannedCopy) -> None:
    run = copy.plan()
    assert run.code == 0, run.output
    assert hosts(run.json["plan"], AUTHORITY) == hosts(run.json["plan"], RENEWAL) == []
