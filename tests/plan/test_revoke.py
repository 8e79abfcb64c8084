"""Revoking a host: planned on all others, refused where the site has no such host."""

from __future__ import annotations

from tests.lab import Run, pyinfra
from tests.plan.conftest import PlannedCopy

AUTHORITY = ("--data", "certificate_authority=redis1")
NOT_RENEWED = "Revocation | Certificates of gw2 are not renewed"
NOT_SENT = "Revocation | Nothing is sent to gw2"


def revoked(copy: PlannedCopy, *data: str) -> Run:
    given = [part for one in data for part in ("--data", one)]
    return pyinfra(
        "--dry", "--json", *AUTHORITY, *given, "tests/plan/inventory.py", "deploys/revoke.py",
        directory=copy.directory, environment={"PYINFRA_FAKE_DELAY": "0"},
    )  # fmt: skip


def hosts(run: Run, name: str) -> list[str]:
    return sorted(host.removeprefix("@fake/") for host in run.changes.get(name, ()))


def test_all_others_send_it_nothing_and_the_authority_renews_nothing(copy: PlannedCopy) -> None:
    run = revoked(copy, "host=gw2")
    assert run.code == 0, run.output
    assert hosts(run, NOT_SENT) == ["backup1", "gw1", "gw3", "lb1", "pg1", "pg2", "redis1"]
    assert hosts(run, NOT_RENEWED) == ["redis1"]


def test_a_host_that_there_is_not_is_said(copy: PlannedCopy) -> None:
    for data in ([], ["host=gw9"]):
        run = revoked(copy, *data)
        assert run.code != 0
        assert "Name the host that is revoked, as the inventory has it: --data host=NAME; there are lb1," in run.output
