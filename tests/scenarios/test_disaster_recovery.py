"""Everything burned: new machines, the disk with the backups, and what the controller has make the site anew."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploys.settings.lab import machine_directory
from tests import lab, ledger
from tests.backups import REPOSITORY, STATE, begun_anew
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.killed import Point, killed_where_it_gets_there
from tests.scenarios.redis import ask as ask_redis

RECOVERY = "deploys/disaster_recovery.py"
RATE = 50
SURVIVES = Path("/var/tmp/tracseq-disk-that-survived")


def record(holder: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.ssh(holder, f"cat {STATE}/{name}.json"))
    return found


def redis(name: str, command: str) -> str:
    answer = ask_redis(name, command).strip()
    # Its log is on the disk within a second.
    time.sleep(1.2)
    return answer


@pytest.fixture
def disk() -> Iterator[Path]:
    """Where the backup host's disk is kept while its machine burns."""
    shutil.rmtree(SURVIVES, ignore_errors=True)
    yield SURVIVES
    shutil.rmtree(SURVIVES, ignore_errors=True)


KILLED = (
    ("Repository is here", 0.5),
    ("Cluster is restored", 2.0),
    ("It is sent to", 0.3),
    ("State of services is sent", 0.3),
    ("Cluster is the one from the backup", 0.1),
    ("Postgres primary | Server", 0.5),
    ("Copy of the primary", 0.5),
    ("Gateway runs it", 0.5),
)


@pytest.mark.long
@pytest.mark.parametrize("killed", [(), KILLED], ids=["at once", "killed"])
def test_a_site_comes_back_on_new_machines(disk: Path, killed: tuple[Point, ...]) -> None:
    (holder,) = [host.name for host in group("backups", lab.INVENTORY)]
    (cache,) = [host.name for host in group("redis", lab.INVENTORY)]
    primary = postgres.found().primary
    begun_anew(lab.INVENTORY)
    assert lab.site().code == 0
    lab.eventually(lambda: record(holder, "verification")["result"] == "well", within=120)
    judge, word = Ledger(), secrets.token_hex(8)
    redis(cache, f"SET tracseq:test:recovery {word}")
    lab.ssh(holder, "systemctl start tracseq-backup-state.service")
    ledger.serve(primary)
    lab.eventually(ledger.answers, within=120, every=1)
    with judge.writing(RATE):
        judge.more(10 * RATE)
    written = float(lab.ssh(holder, "date +%s.%N"))
    lab.eventually(lambda: record(holder, "wal")["until"] >= written, within=90)

    # All of the site burns, but for the disk with the repository.
    lab.pull_the_plug(holder)
    lab.copy(Path(f"{machine_directory(holder)}/root{REPOSITORY}"), disk)
    lab.destroy(*lab.names())
    lab.up()
    lab.copy(disk, Path(f"{machine_directory(holder)}/root{REPOSITORY}"))

    reached = killed_where_it_gets_there(killed, lab.INVENTORY, RECOVERY)
    print(f"\nkilled at {', '.join(reached)}")
    assert reached == [operation for operation, _ in killed]
    began = time.monotonic()
    run = lab.pyinfra("-y", "--json", lab.INVENTORY, RECOVERY, timeout=900)
    took = time.monotonic() - began
    assert run.code == 0, run.output
    said = [line.strip() for line in run.output.splitlines() if not line.startswith("{")]
    print([line for line in said if "timeline" in line])
    lab.eventually(ledger.answers, within=120, every=1)
    primary = postgres.found().primary
    lost = judge.lost(primary)
    print(f"the site was back after {took:.0f} s; of {len(judge.acknowledged)} acknowledged rows {len(lost)} are lost")
    assert lost == set()
    assert redis(cache, "GET tracseq:test:recovery") == word
    again = lab.pyinfra("-y", "--json", lab.INVENTORY, RECOVERY)
    assert again.code == 0, again.output
    assert again.changes == {}
    assert lab.site().changes == {}
    ledger.gone()
    redis(cache, "DEL tracseq:test:recovery")
