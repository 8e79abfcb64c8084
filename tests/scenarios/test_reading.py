"""What a run read ahead is fresh as long as nothing changes, and no longer."""

from __future__ import annotations

import re

from tests import lab

USED = re.compile(r"^ +[\d.]+  (\S+) +(\d+) +\d+$", re.MULTILINE)
"""A host's line in what a run says of its timings: its name, and its executions."""


def test_what_a_run_changes_is_read_anew_by_the_same_run() -> None:
    run = lab.pyinfra(
        *("-y", "--json", "--limit", "redis1", "--data", "lab_content=one"),
        *(lab.INVENTORY, "tests/scenarios/deploys/shared_file.py"),
    )
    assert run.code == 0, run.output
    assert set(run.changes) == {"First", "Third"}


def test_a_host_that_is_as_it_should_be_is_read_in_one_go() -> None:
    run = lab.pyinfra("-y", "--data", "timings=true", lab.INVENTORY, lab.SITE)
    executions = {name: int(count) for name, count in USED.findall(run.output)}
    # Who is out for maintenance, preflight's, a Postgres server's part in the site, and all of its roles.
    assert executions == {name: 4 if name.startswith("pg") else 3 for name in lab.names()}
