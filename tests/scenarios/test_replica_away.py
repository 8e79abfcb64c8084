"""A replica that was away catches up; one that was away for longer than WAL is kept for it is copied anew by a run."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests import lab
from tests.scenarios import postgres
from tests.scenarios.killed import killed_at
from tests.scenarios.postgres import Pair, ask
from tests.scenarios.test_status import status

LIMIT = ("--data", "postgres_max_slot_wal_keep_size=32MB")
AWAY = "create table if not exists away (row int)"
DATA = "/var/lib/postgresql/*/main"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """The two hosts, whose primary keeps little WAL for a replica; afterwards as much as the data says."""
    found = postgres.found()
    lab.eventually(lambda: postgres.follows(found), within=60)
    run = lab.site(*LIMIT)
    assert run.code == 0, run.output
    ask(found.primary, AWAY)
    yield found
    ask(found.primary, "drop table away")
    back = lab.site()
    assert back.code == 0, back.output
    assert lab.site().changes == {}


def written(primary: str, files: int, away: str) -> int:
    """Write this many files of WAL, which all but the host that is away have then; the newest row."""
    last = int(ask(primary, "select coalesce(max(row), 0) from away"))
    for row in range(last + 1, last + files + 1):
        ask(primary, f"insert into away values ({row}); select pg_switch_wal()")
    # All slots have the same limit, and that of a backup host says only now and then how far it is.
    others = f"active and slot_name not like '%{away}'"
    behind = (
        f"select count(*) from pg_replication_slots where {others} and pg_current_wal_lsn() - restart_lsn > 16777216"
    )
    lab.eventually(lambda: ask(primary, behind) == "0", within=60)
    ask(primary, "checkpoint")
    return last + files


def slot(primary: str, away: str) -> str:
    """What the primary says of the slot of a host that is away."""
    return ask(primary, f"select wal_status from pg_replication_slots where slot_name like '%{away}'")


def has(pair: Pair, row: int) -> bool:
    """Whether the replica follows, and has this row."""
    return postgres.follows(pair) and int(ask(pair.replica, "select max(row) from away")) == row


def test_a_replica_whose_network_was_cut_catches_up(pair: Pair) -> None:
    lab.cut_off(pair.replica)
    try:
        row = written(pair.primary, 1, pair.replica)
    finally:
        lab.plug_in(pair.replica)
    began = time.monotonic()
    lab.eventually(lambda: has(pair, row), within=120)
    print(f"\nthe replica had all of it {time.monotonic() - began:.1f} s after its network came back")
    assert lab.site(*LIMIT).changes == {}


def lost(pair: Pair) -> int:
    """Have the replica be away for longer than WAL is kept for it; the newest row."""
    lab.cut_off(pair.replica)
    try:
        row = written(pair.primary, 4, pair.replica)
        lab.eventually(lambda: slot(pair.primary, pair.replica) == "lost")
        away = status()
        assert away.code == 1
        said = {one["what"] for one in away.json["findings"] if one["host"] == pair.primary}
        assert f"The slot tracseq_{pair.replica} is lost: its host was away for too long." in said
    finally:
        lab.plug_in(pair.replica)
    return row


def test_one_that_was_away_for_too_long_is_said_and_copied_anew(pair: Pair) -> None:
    row = lost(pair)
    lab.eventually(lambda: ask(pair.replica, "select count(*) from pg_stat_wal_receiver") == "0", within=120)
    said = {one["what"] for one in status().json["findings"] if one["host"] == pair.replica}
    assert any("The replica does not follow its primary" in one for one in said), said
    before = lab.ssh(pair.replica, f"stat --format=%i {DATA}")
    began = time.monotonic()
    run = lab.site(*LIMIT)
    assert run.code == 0, run.output
    print(f"\na run copied the replica anew within {time.monotonic() - began:.1f} s")
    assert pair.replica in run.changes["Postgres replica | Replica follows"]
    assert lab.ssh(pair.replica, f"stat --format=%i {DATA}") != before
    assert has(pair, row)
    assert lab.ssh(pair.replica, f"ls -d {DATA}.tracseq-*", check=False) == "", "the old copy is still there"
    assert lab.site(*LIMIT).changes == {}
    assert status().code == 0, status().output


@pytest.mark.long
@pytest.mark.parametrize("after", [0.5, 2.0, 4.0])
def test_a_run_that_is_killed_while_it_copies_is_finished_by_the_next(pair: Pair, after: float) -> None:
    row = lost(pair)
    killed_at("Postgres replica | Replica follows", after, *LIMIT, lab.INVENTORY, lab.SITE)
    run = lab.site(*LIMIT)
    assert run.code == 0, run.output
    assert has(pair, row)
    assert lab.ssh(pair.replica, f"ls -d {DATA}.tracseq-*", check=False) == ""
    assert lab.site(*LIMIT).changes == {}
