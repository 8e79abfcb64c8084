"""A host goes out for maintenance and comes back, as it is planned."""

from __future__ import annotations

from tests.lab import Run, pyinfra
from tests.plan.conftest import PlannedCopy

KNOWN = "Maintenance | Who is out is known"
ALL = sorted(f"@fake/{name}" for name in ("lb1", "gw1", "gw2", "gw3", "pg1", "pg2", "redis1", "backup1"))


def plan(copy: PlannedCopy, *arguments: str) -> Run:
    command = ("--dry", "--json", *arguments, "tests/plan/inventory.py", "deploys/maintenance.py")
    return pyinfra(*command, directory=copy.directory)


def test_it_is_about_one_host(copy: PlannedCopy) -> None:
    for arguments in ((), ("--limit", "gateways"), ("--limit", "@fake/gw1", "--limit", "@fake/gw2")):
        run = plan(copy, *arguments)
        assert run.code != 0
        assert "Name the one host that it is about" in run.output


def test_a_site_that_is_not_well_lets_none_go(copy: PlannedCopy) -> None:
    run = plan(copy, "--limit", "@fake/gw2")
    assert run.code != 0
    assert "gw2 cannot go out for maintenance now; no host was touched" in run.output


def test_all_hosts_know_of_one_that_goes_and_no_other_changes(copy: PlannedCopy) -> None:
    run = plan(copy, "--limit", "@fake/gw2", "--data", "force=true", "--data", "why=new memory")
    assert run.code == 0, run.output
    assert run.changes == {KNOWN: ALL}
    assert "gw2 is out for maintenance since " in run.output
    assert ": new memory. Until " in run.output


def test_a_primary_goes_only_where_somebody_takes_over(copy: PlannedCopy) -> None:
    run = plan(copy, "--limit", "@fake/pg1", "--data", "force=true")
    assert run.code != 0
    assert "pg1 is the primary, and no replica follows it" in run.output


def test_the_site_is_applied_to_one_that_comes_back(copy: PlannedCopy) -> None:
    run = plan(copy, "--limit", "@fake/gw2", "--data", "back=true")
    assert run.code == 0, run.output
    assert run.changes["deploys/site.py | Gateway | Gateway runs it, one host at a time"][1] == "@fake/gw2"
    names = [one["name"] for one in run.json["plan"]]
    assert names.index("Maintenance | Its units may start again") < names.index(
        "deploys/site.py | All others count the host among them again"
    )
