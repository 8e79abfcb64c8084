"""What a run says that has gateways go back, on hosts that only pretend."""

from __future__ import annotations

import pytest

from tests.lab import pyinfra
from tests.plan.conftest import PlannedCopy

INVENTORY = "tests/plan/inventory.py"


@pytest.mark.parametrize(("limit", "named"), [((), "gw1: none; gw2: none."), (("--limit", "@fake/gw1"), "gw1: none.")])
def test_it_concerns_gateways_as_far_as_they_are_not_left_out(
    copy: PlannedCopy, limit: tuple[str, ...], named: str
) -> None:
    run = pyinfra("--dry", "--exclude", "@fake/gw3", *limit, INVENTORY, "deploys/rollback.py", directory=copy.directory)
    assert run.code != 0
    assert "No gateway has had another release before" in run.output
    assert f"(name one with --data release=…): {named}" in run.output


def test_while_a_migration_is_taken_back_no_gateway_may_be_left_out(copy: PlannedCopy) -> None:
    run = pyinfra("--dry", "--limit", "@fake/gw1", INVENTORY, "deploys/downgrade.py", directory=copy.directory)
    assert run.code != 0
    assert "gw2, gw3 are left out or not reached" in run.output
    assert "No host was changed." in run.output


@pytest.mark.parametrize("deploy", ["deploys/rollback.py", "deploys/downgrade.py"])
def test_others_are_not_connected_to(copy: PlannedCopy, deploy: str) -> None:
    run = pyinfra("--dry", INVENTORY, deploy, directory=copy.directory)
    assert "redis1] Connected" not in run.output
