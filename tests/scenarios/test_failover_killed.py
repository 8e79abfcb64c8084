"""A change of the primary that is killed at any point is finished by the next, and loses nothing more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import lab, ledger
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.killed import killed_at
from tests.scenarios.postgres import Pair
from tests.scenarios.test_failover import FAILOVER, RATE, changed

PLANNED = (
    pytest.param("keeps WAL for those", 0.1, marks=pytest.mark.long),
    pytest.param("stops, and", 0.4, marks=pytest.mark.long),
    ("Nobody takes writes", 0.0),
    pytest.param("is the primary", 0.1, marks=pytest.mark.long),
    pytest.param("The new primary takes writes", 0.0, marks=pytest.mark.long),
    pytest.param("A former primary is a replica", 0.2, marks=pytest.mark.long),
)
FORCED = (("keeps WAL for those", 0.1), ("is the primary", 0.1), ("The new primary takes writes", 0.0))
"""Operations, and how many seconds after each begins the run is killed."""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with postgres.kept() as found:
        yield found
        ledger.gone()


@pytest.mark.parametrize(("operation", "after"), PLANNED)
def test_a_planned_one(pair: Pair, operation: str, after: float) -> None:
    now = postgres.found()
    ledger.serve(now.primary)
    lab.eventually(ledger.answers, within=120, every=1)
    to = ("--data", f"to={now.replica}")
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        killed_at(operation, after, *to, lab.INVENTORY, FAILOVER)
        changed(*to)
        judge.more(RATE)
    assert judge.lost(now.replica) == set()
    print(
        f"\nkilled at {operation!r}: none of {len(judge.acknowledged)} lost; the longest waited {judge.longest:.1f} s"
    )
    assert postgres.found() == Pair(now.replica, now.primary)
    assert changed(*to).changes == {}
    assert lab.site().changes == {}
    released = lab.ssh(now.primary, "ls /run/tracseq/postgres-released", check=False)
    assert released == "", "promoted once more, its server would start without asking"


@pytest.mark.long
@pytest.mark.parametrize(("operation", "after"), FORCED)
def test_a_forced_one(pair: Pair, operation: str, after: float) -> None:
    postgres.restored(pair)
    ledger.serve(pair.primary)
    lab.eventually(ledger.answers, within=120, every=1)
    force = ("--data", "force=true")
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        lab.pull_the_plug(pair.primary)
        killed_at(operation, after, *force, lab.INVENTORY, FAILOVER)
        changed(*force)
        judge.more(RATE)
        lost = judge.lost(pair.replica)
        judge.more(RATE)
    assert judge.lost(pair.replica) == lost, "writes were lost after the failover, too"
    print(f"\nkilled at {operation!r}: {len(lost)} of {len(judge.acknowledged)} lost with the old primary's power")
    assert changed(*force).changes == {}
