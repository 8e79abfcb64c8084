"""How pools are judged, and what is read of one."""

from __future__ import annotations

import pytest

from deploys.controller.status.pool import judged
from deploys.facts.postgres.pool import Pool, PoolState
from tests.unit.status.pretended import said, survey

SERVES = PoolState(active=True, server=True, serves=True, clients=20, busy=3, idle=5)
WAITS = PoolState(active=True, server=True, replica=True)
HEADER = "pool\tdatabase\tuser\tcl_active\tcl_waiting\tsv_active\tsv_idle\tmaxwait"


def read(*lines: str) -> PoolState:
    return Pool().process([*lines, "database\ttracseq_prod"])


def test_a_pool_that_serves_says_who_waits() -> None:
    rows = ("pool\tpgbouncer\tpgbouncer\t1\t0\t0\t0\t0", "pool\ttracseq_prod\ttracseq_admin\t17\t3\t3\t5\t7")
    own = "pool\ttracseq_prod\tpgbouncer\t0\t0\t0\t1\t0"
    assert read("active\tactive", "server", HEADER, *rows, own) == PoolState(
        active=True, server=True, serves=True, clients=20, waiting=3, busy=3, idle=6, longest=7
    )


def test_a_pool_that_nobody_has_used_yet_serves() -> None:
    assert read("active\tactive", HEADER, "pool\tpgbouncer\tpgbouncer\t1\t0\t0\t0\t0").serves


def test_before_a_replica_a_pool_waits() -> None:
    assert read("active\tactive", "server", "replica") == WAITS
    assert read("active\tinactive") == PoolState()


def test_pools_that_are_well() -> None:
    found = judged(survey("pool", {"pg1": [SERVES], "pg2": [WAITS]}))
    assert said(found) == []
    assert [cell.text for cell in found.tables[0].rows[0]] == ["pg1", "serves", "20", "0", "0 s", "3 of 40"]
    assert found.tables[0].rows[1][1].text == "waits: a replica"


def test_a_pool_whose_server_is_stopped_is_no_second_fault() -> None:
    assert said(judged(survey("pool", {"pg1": [SERVES], "pg2": [PoolState()]}))) == []


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (PoolState(server=True), "The pool does not run."),
        (PoolState(active=True, server=True), "The pool does not answer."),
        (
            PoolState(active=True, server=True, serves=True, clients=60, waiting=20, longest=7),
            "20 clients of the pool wait for a connection, the first for 7 s.",
        ),
    ],
)
def test_a_pool_that_is_wrong(state: PoolState, sentence: str) -> None:
    assert said(judged(survey("pool", {"pg1": [state], "pg2": [WAITS]}))) == [("pg1", sentence)]
