"""Status as it is run: its exit status, what is on which stream, and hosts that say nothing."""

from __future__ import annotations

import json
import subprocess

from tests.inventory import PYINFRA
from tests.lab import pyinfra
from tests.plan.conftest import PlannedCopy

INVENTORY, STATUS = "tests/plan/inventory.py", "deploys/status.py"


def test_of_hosts_that_say_nothing_programs_get_json_and_nothing_else(copy: PlannedCopy) -> None:
    run = subprocess.run(
        [PYINFRA, "--json", INVENTORY, STATUS],
        cwd=copy.directory, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    found = json.loads(run.stdout)
    assert found["well"] is False
    assert [host["read"] for host in found["hosts"].values()] == [False] * 8
    assert "Loading inventory" in run.stderr


def test_a_limit_leaves_the_others_out(copy: PlannedCopy) -> None:
    run = pyinfra(INVENTORY, STATUS, "--limit", "gateways", directory=copy.directory)
    assert run.code == 1, run.output
    assert "3 things are wrong" in run.output
    assert "Left out by the limit: backup1, lb1, pg1, pg2, redis1." in run.output


def test_it_is_run_by_itself(copy: PlannedCopy) -> None:
    run = pyinfra("-y", INVENTORY, STATUS, "deploys/preflight.py", directory=copy.directory)
    assert run.code != 0
    assert "deploys/status.py is run by itself" in run.output


def test_wrong_data_is_said_before_any_host_is_asked(copy: PlannedCopy) -> None:
    run = pyinfra(INVENTORY, STATUS, "--data", "maximum_disk_use=101", directory=copy.directory)
    assert run.code != 0
    assert "maximum_disk_use" in run.output
    assert "Hosts" not in run.output
