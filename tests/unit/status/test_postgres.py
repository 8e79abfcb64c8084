"""How the Postgres servers of a site are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from deploys.controller.status.postgres import server
from deploys.controller.status.postgres.replication import Behind, behind
from deploys.controller.status.postgres.section import judged
from deploys.controller.status.section import Judged
from deploys.facts.postgres.state import Answer, Cluster, ServerState
from deploys.facts.postgres.status import Archive, HeldSlot, Numbers, Sender, parse
from tests.unit.status.pretended import said, survey

GB = 1 << 30
PRIMARY = Cluster(15, identifier="1", timeline=1, state="in production", running=True, answer=Answer(False, 1))
FOLLOWS = Answer(True, 1, receiver={"status": "streaming", "host": "pg1", "slot": "tracseq_pg2"})
REPLICA = replace(PRIMARY, replica=True, state="in archive recovery", answer=FOLLOWS)
SLOT = HeldSlot(active=True, wal_status="reserved", held=0, left=8 * GB)
WRITES = Numbers(
    position=1000, started=0, connections=5, most_connections=97,
    senders={"pg2": Sender("streaming", "async", None)}, slots={"tracseq_pg2": SLOT}, slot_limit=8 * GB,
)  # fmt: skip
READS = Numbers(position=1000, received=1000, replayed_age=86400, started=0, connections=1, most_connections=97)

Read = tuple[Cluster | None, Numbers | None]


def of(pg1: Read = (PRIMARY, WRITES), pg2: Read = (REPLICA, READS), silent: Mapping[str, str] | None = None) -> Judged:
    """What is made of two servers; those that are silent were not read."""
    read = {
        name: (ServerState("12", 4 * GB, frozenset({15}), {15: cluster} if cluster else {}), numbers)
        for name, (cluster, numbers) in {"pg1": pg1, "pg2": pg2}.items()
        if name not in (silent or {})
    }
    return judged(survey("postgres", read, silent))


def test_a_primary_and_its_replica_are_well() -> None:
    found = of()
    assert list(found.findings) == []
    assert not any(cell.wrong for table in found.tables for row in table.rows for cell in row)
    assert found.values["pg1"]["role"] == "primary"
    assert found.values["pg2"]["behind"] == {"bytes": 0, "seconds": 0.0}


def test_on_a_site_where_nobody_writes_the_delay_does_not_grow() -> None:
    assert behind("pg2", READS, WRITES) == Behind(0, 0.0)
    # The primary writes by itself now and then, which is no transaction.
    assert behind("pg2", READS, replace(WRITES, position=1100)) == Behind(100, 0.0)


def test_while_a_replica_follows_its_primary_knows_the_delay() -> None:
    late = replace(WRITES, position=5000, senders={"pg2": Sender("streaming", "async", 2.5)})
    assert behind("pg2", READS, late) == Behind(4000, 2.5)


def test_of_a_replica_that_does_not_follow_its_last_transaction_tells_the_delay() -> None:
    alone = replace(WRITES, senders={})
    assert behind("pg2", READS, alone) == Behind(0, 0.0)
    assert behind("pg2", READS, replace(alone, position=1100)) == Behind(100, 86400)


def test_a_replica_that_was_read_later_is_not_ahead() -> None:
    assert behind("pg2", replace(READS, position=2000), WRITES).size == 0


@pytest.mark.parametrize(
    ("pg1", "pg2", "host", "sentence"),
    [
        ((PRIMARY, WRITES), (PRIMARY, WRITES), "", "There are two primaries"),
        ((replace(REPLICA), READS), (REPLICA, READS), "", "No server is the primary"),
        ((PRIMARY, WRITES), (None, None), "pg2", "Postgres has no data here yet."),
        ((PRIMARY, None), (REPLICA, READS), "pg1", "The server answers, but does not say how it does."),
        (
            (replace(PRIMARY, running=False, answer=None), None),
            (REPLICA, READS),
            "pg1",
            "The primary is stopped, and no server takes writes.",
        ),
        (
            (PRIMARY, WRITES),
            (replace(PRIMARY, running=False, answer=None, timeline=1), None),
            "pg2",
            "It was the primary (timeline 1) and is stopped",
        ),
        ((PRIMARY, WRITES), (replace(REPLICA, running=False, answer=None), None), "pg2", "server is stopped"),
        (
            (PRIMARY, WRITES),
            (replace(REPLICA, answer=None, silence="too many clients"), None),
            "pg2",
            "does not answer: too many clients",
        ),
        (
            (PRIMARY, WRITES),
            (replace(REPLICA, answer=Answer(True, 1), complaint="FATAL: no route"), READS),
            "pg2",
            "does not follow its primary (not connected). Its log says: FATAL: no route",
        ),
        (
            (PRIMARY, replace(WRITES, position=GB + 1000)),
            (REPLICA, READS),
            "pg2",
            "The replica is 1.0 GB and 0 s behind",
        ),
        (
            (PRIMARY, replace(WRITES, senders={"pg2": Sender("streaming", "async", 90)})),
            (REPLICA, READS),
            "pg2",
            "The replica is 0 B and 90 s behind",
        ),
        ((PRIMARY, WRITES), (REPLICA, replace(READS, paused=True)), "pg2", "stopped the replica from replaying"),
        ((PRIMARY, replace(WRITES, connections=90)), (REPLICA, READS), "pg1", "90 of 97 connections are taken"),
        (
            (replace(PRIMARY, answer=Answer(False, 1, pending=("archive_mode",))), WRITES),
            (REPLICA, READS),
            "pg1",
            "archive_mode: waits for a restart of the server, and until then no backup can be made of it",
        ),
        (
            (replace(PRIMARY, answer=Answer(False, 1, refused=("pg_hba.conf, line 3: bad",))), WRITES),
            (REPLICA, READS),
            "pg1",
            "not understood: pg_hba.conf, line 3: bad",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_host(pg1: Read, pg2: Read, host: str, sentence: str) -> None:
    found = [(place, what) for place, what in said(of(pg1, pg2)) if sentence in what]
    assert [place for place, _ in found] == [host], said(of(pg1, pg2))


@pytest.mark.parametrize(
    ("slot", "sentence"),
    [
        (replace(SLOT, wal_status="lost", active=False, left=None), "tracseq_pg2 is lost"),
        (replace(SLOT, wal_status="unreserved"), "nearly lost"),
        (replace(SLOT, held=7 * GB), "holds back 7.0 GB of WAL of at most 8.0 GB and is nearly lost"),
        (replace(SLOT, active=False, held=GB), "Nobody uses the slot tracseq_pg2, and it holds back 1.0 GB"),
    ],
)
def test_a_slot_that_is_wrong(slot: HeldSlot, sentence: str) -> None:
    [(host, what)] = said(of(pg1=(PRIMARY, replace(WRITES, slots={"tracseq_pg2": slot}))))
    assert host == "pg1"
    assert sentence in what


def test_a_slot_that_the_backup_host_moves_on_on_a_replica_is_well() -> None:
    slots = {"tracseq_backup_backup1": replace(SLOT, active=False, held=GB)}
    assert said(of((PRIMARY, WRITES), (REPLICA, replace(READS, slots=slots)))) == []


def test_without_a_limit_a_slot_is_never_near_it() -> None:
    slots = {"tracseq_pg2": replace(SLOT, held=100 * GB, left=None)}
    assert said(of(pg1=(PRIMARY, replace(WRITES, slots=slots, slot_limit=None)))) == []


@pytest.mark.parametrize(
    ("archive", "wrong"),
    [
        (Archive(False, failed="01", failed_age=1), False),
        (Archive(True, last="02", last_age=10), False),
        (Archive(True, last="02", last_age=10, failed="01", failed_age=100), False),
        (Archive(True, last="01", last_age=100, failed="02", failed_age=10), True),
        (Archive(True, failed="01", failed_age=10), True),
    ],
)
def test_an_archive_that_fails_now(archive: Archive, wrong: bool) -> None:
    found = said(of(pg1=(PRIMARY, replace(WRITES, archive=archive))))
    assert [what.startswith("WAL is not archived") for _, what in found] == [True] * wrong


def test_a_setting_that_waits_for_a_restart_is_a_remark() -> None:
    found = of(pg1=(replace(PRIMARY, answer=Answer(False, 1, pending=("max_connections", "shared_buffers"))), WRITES))
    assert said(found) == []
    [(host, what)] = said(found, wrong=False)
    assert host == "pg1"
    assert what == "max_connections, shared_buffers: waits for a restart of the server."


@pytest.mark.parametrize(("confirming", "waits"), [(0, True), (1, False)])
def test_too_few_replicas_for_synchronous_replication(confirming: int, waits: bool) -> None:
    senders = {
        "pg2": Sender("streaming", "quorum" if confirming else "async", None),
        "pg3": Sender("catchup", "quorum", None),
    }
    found = list(server.problems(Answer(recovery=False), replace(WRITES, senders=senders, synchronous=1)))
    sentence = "Every write waits: postgres_synchronous is 1, and 0 replicas follow."
    assert [what for what, _ in found] == waits * [sentence]


def test_alter_system_is_a_remark() -> None:
    found = of(pg1=(replace(PRIMARY, answer=Answer(False, 1, altered={"work_mem": "1GB"})), WRITES))
    assert said(found) == []
    [(host, what)] = said(found, wrong=False)
    assert host == "pg1"
    assert what.startswith("work_mem was set with ALTER SYSTEM")


def test_where_the_primary_was_not_reached_that_is_said_once() -> None:
    [(host, what)] = said(of(silent={"pg1": "Could not connect"}))
    assert host == ""
    assert "pg1 was not reached: Could not connect" in what


def test_of_a_part_of_the_servers_nobody_tells_who_is_primary() -> None:
    read = {"pg2": (ServerState("12", 4 * GB, frozenset({15}), {15: REPLICA}), READS)}
    found = judged(survey("postgres", read, left_out=frozenset({"pg1"})))
    assert said(found) == []
    assert found.values["pg2"]["behind"] is None


def test_a_stopped_primary_is_wrong_under_a_limit_too() -> None:
    stopped = ServerState("12", 4 * GB, frozenset({15}), {15: replace(PRIMARY, running=False, answer=None)})
    found = judged(survey("postgres", {"pg1": (stopped, None)}, left_out=frozenset({"pg2"})))
    assert said(found) == [("pg1", "The server is not well (stopped).")]


def test_an_answer_that_is_none() -> None:
    assert parse("") is None
    assert parse("psql: error: connection refused") is None
