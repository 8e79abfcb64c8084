"""Postgres moves to a new machine while everybody writes: a replica there, a failover, and the old one leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import lab, ledger
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.postgres import Pair, ask, state
from tests.scenarios.test_failover import FAILOVER, RATE

pytestmark = pytest.mark.long
NEW = "pg3"
GROUPS = """
from deploys.settings.lab import host

_lb1, _gw1, _gw2, _gw3 = host("lb1", 11), host("gw1", 21), host("gw2", 22), host("gw3", 23)
_pg1, _pg2, _pg3 = host("pg1", 31), host("pg2", 32), host("pg3", 33)
_redis1, _backup1 = host("redis1", 41), host("backup1", 51)
load_balancers = [_lb1]
gateways = [_gw1, _gw2, _gw3]
postgres = [{postgres}]
redis = [_redis1]
backups = [_backup1]
lab = [_lb1, _gw1, _gw2, _gw3, _pg1, _pg2, _pg3, _redis1, _backup1]
_outside = [host("outsider1", 61)]
"""


def inventory(directory: Path, *names: str) -> str:
    """The path of an inventory of the lab and the new machine, with these Postgres hosts."""
    path = directory / "lab.py"
    path.write_text(GROUPS.format(postgres=", ".join(f"_{name}" for name in names)))
    return str(path)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres.kept() as found:
        yield found
        ledger.gone()
        lab.destroy(NEW)


def test_postgres_moves_to_a_new_machine(pair: Pair, tmp_path: Path) -> None:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    before = inventory(tmp_path / "before", pair.primary, pair.replica, NEW)
    after = inventory(tmp_path / "after", pair.replica, NEW)
    lab.up(NEW, inventory=before)
    ledger.serve(pair.primary, inventory=before)
    lab.eventually(ledger.answers, within=120, every=1)
    judge = Ledger()
    with judge.writing(RATE):
        for run in (
            lab.site(inventory=before),
            lab.pyinfra("-y", "--data", f"to={NEW}", before, FAILOVER),
            lab.site("--data", f"postgres_first_primary={NEW}", inventory=after),
        ):
            assert run.code == 0, run.output
            judge.more(RATE)
    assert judge.lost(NEW) == set()
    assert state(pair.primary) != "active"
    assert ask(pair.replica, "select status from pg_stat_wal_receiver") == "streaming"
    print(f"\nmoved: none of {len(judge.acknowledged)} lost; the longest waited {judge.longest:.1f} s")
