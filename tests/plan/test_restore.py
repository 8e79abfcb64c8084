"""What a recovery and a restore would do, on a site of pretended machines."""

from __future__ import annotations

import pytest

from tests.lab import Run, pyinfra
from tests.plan.conftest import PlannedCopy


def planned(copy: PlannedCopy, deploy: str, *arguments: str) -> Run:
    return pyinfra("--dry", "--json", *arguments, "tests/plan/inventory.py", deploy, directory=copy.directory)


def test_a_recovery_puts_everything_back_before_its_servers_start(copy: PlannedCopy) -> None:
    run = planned(copy, "deploys/disaster_recovery.py")
    assert run.code == 0, run.output
    assert "No Postgres host has data" in run.output
    names = [one["name"] for one in run.json["plan"]]

    def place(name: str) -> int:
        return next(index for index, one in enumerate(names) if one.startswith(name))

    repository = place("Backup | Repository is here")
    made, sent = place("Restore | Cluster is restored"), place("Restore | It is sent to pg1")
    assert (
        repository < made < sent < place("Restore | Cluster is the one from the backup") < place("Postgres primary |")
    )
    assert place("Restore | State of services is in its place") < place("Redis | Redis server")
    assert max(index for index, one in enumerate(names) if one.startswith("Firewall |")) < sent


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--data", "to_time=2026-11-23 14:00:00"), "to_time: Input should have timezone info"),
        (
            ("--data", "to_time=2026-11-23 14:00:00 UTC", "--data", "to_point=before"),
            "a restore goes back to one thing",
        ),
        (("--data", "switch=true", "--data", "to_point=before"), "switch takes what was restored before"),
        ((), "It cannot be told which host is to have the restored cluster"),
    ],
)
def test_what_is_asked_for_wrongly_is_refused(copy: PlannedCopy, arguments: tuple[str, ...], sentence: str) -> None:
    run = planned(copy, "deploys/restore.py", *arguments)
    assert run.code != 0
    assert sentence in run.output
