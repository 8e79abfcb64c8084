"""What a run says and plans that has a former primary come back, on hosts whose servers only pretend."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab import Run, pyinfra
from tests.plan.conftest import PlannedCopy

INVENTORY, REJOIN = "tests/plan/inventory.py", "deploys/rejoin.py"
MB = 1_000_000
IDENTIFIER = ["control\t15\tDatabase system identifier\t7710738873829392336"]
ANSWER: dict[str, Any] = {
    "recovery": False, "timeline": 2, "receiver": None, "position": 0x6000000, "committed": None, "pace": None,
    "history": "1\t0/3000000\tno recovery target specified\n", "followers": {}, "pending": [], "altered": {},
    "refused": [], "limits": {}, "roles": {}, "databases": {}, "slots": {},
}  # fmt: skip
PRIMARY = [
    "debian\t12", "memory\t4294967296", "installed\t15", "cluster\t15", *IDENTIFIER,
    "control\t15\tDatabase cluster state\tin production", "control\t15\tLatest checkpoint's TimeLineID\t1",
    "running\t15", f"said\t15\t{json.dumps(ANSWER)}",
]  # fmt: skip
FORMER = [
    "debian\t12", "memory\t4294967296", "installed\t15", "cluster\t15", *IDENTIFIER,
    "control\t15\tDatabase cluster state\tin production", "control\t15\tLatest checkpoint's TimeLineID\t1",
    "control\t15\tLatest checkpoint location\t0/2000060",
]  # fmt: skip
WRITTEN = [
    "timeline\t1", "left\t0/3000000", "end\t0/3400000", "commits\t7", "first\t2026-11-25 15:09:06.439929 UTC",
    "last\t2026-11-25 15:09:09.1 UTC", "redo\t0/2000028",
]  # fmt: skip


def directory(free: int) -> list[str]:
    """What a host says of a data directory of 900 MB."""
    sizes = [f"free\t{free}", f"size\t{900 * MB}", f"wal\t{100 * MB}"]
    return [*sizes, "oldest\t0000000000000001", "segment\t16777216"]


class Pretended:
    """A site of which pg1 was the primary, and pg2 is it."""

    def __init__(self, copy: PlannedCopy) -> None:
        self.copy = copy
        self.inventory = copy.own("tests") / "plan" / "inventory.py"
        self.says(0, former=FORMER, directory=directory(5000 * MB), written=WRITTEN)
        self.says(1, former=PRIMARY, directory=directory(5000 * MB))

    def says(self, host: int, **answers: list[str]) -> None:
        """Have a Postgres host say something of its server, its data directory, or its WAL."""
        matches = {"former": "pg_is_in_recovery", "directory": "du --summarize", "written": "pg_waldump"}
        said = {matches[name]: lines for name, lines in answers.items()}
        with self.inventory.open("a") as file:
            file.write(f"\npostgres[{host}][1]['fake_responses'] |= {said!r}\n")

    def rejoin(self, *arguments: str) -> Run:
        """What a run would do."""
        return pyinfra("--dry", "--json", *arguments, INVENTORY, REJOIN, directory=self.copy.directory)


@pytest.fixture
def site(copy: PlannedCopy) -> Pretended:
    return Pretended(copy)


def test_it_says_what_only_the_former_primary_has_and_rewinds_a_copy(site: Pretended) -> None:
    run = site.rejoin()
    assert run.code == 0, run.output
    assert "pg1 was the primary on timeline 1; pg2 is it on timeline 2, from 0/3000000 on" in run.output
    assert "Only pg1 has 4.0 MB of WAL after that, with 7 transactions" in run.output
    assert "stays in /var/lib/postgresql/15/main.before-" in run.output
    assert "pg2 has its timeline on its disk" in " ".join(run.changes)
    of_pg1 = [name for name, hosts in run.changes.items() if name.startswith("Rejoin") and "pg1" in str(hosts)]
    assert any("Copy of the data of pg1" in name for name in of_pg1)
    assert any("The copy is rewound to where pg2 went on" in name for name in of_pg1)
    assert not any("gw1" in hosts for hosts in run.changes.values()), "only the Postgres hosts are connected to"


def test_by_wish_it_is_copied_anew(site: Pretended) -> None:
    run = site.rejoin("--data", "anew=true", "--data", "former=pg1")
    assert "pg1's data is not rewound: that was asked for" in run.output
    assert any("The data of pg1 is kept, out of the way of a copy" in name for name in run.changes)


def test_it_refuses_where_there_is_no_room(site: Pretended) -> None:
    site.says(0, directory=[*directory(950 * MB), f"kept\t{300 * MB}\t/var/lib/postgresql/15/main.before-x"])
    run = site.rejoin()
    assert run.code != 0
    assert "No host was changed" in run.output
    assert "pg1 has 906 MB free below /var/lib/postgresql, and 954 MB are needed" in run.output
    assert "what was kept earlier is /var/lib/postgresql/15/main.before-x (286 MB)" in run.output


def test_a_copy_that_a_killed_run_left_takes_its_place(site: Pretended) -> None:
    site.says(0, former=FORMER[:3], directory=[f"free\t{MB}", f"unfinished\t{900 * MB}", "rewound"])
    run = site.rejoin()
    assert run.code == 0, run.output
    assert "pg1: a killed run has rewound its copy, which takes its place" in run.output
    assert any("takes the place of the data" in name for name in run.changes)


def test_without_a_primary_it_does_nothing(copy: PlannedCopy) -> None:
    run = pyinfra("--dry", INVENTORY, REJOIN, directory=copy.directory)
    assert run.code != 0
    assert "No server runs as the primary" in run.output
