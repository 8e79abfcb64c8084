"""Where replicas must have each write, the site goes on while one is left, and loses nothing with its primary."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import lab, ledger
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.postgres import UNIT, ask
from tests.scenarios.test_failover import FAILOVER, RATE
from tests.scenarios.test_status import ARGUMENTS, STATUS

pytestmark = pytest.mark.long
FURTHER = ("gw2", "gw3")
"""Machines of the lab that are Postgres hosts, too, while this lasts."""
SYNCHRONOUS = ("--data", "postgres_synchronous=1")


@dataclass(frozen=True)
class Four:
    """A primary, and three replicas; the first of them is on a machine of its own."""

    inventory: str
    primary: str
    replicas: tuple[str, str, str]


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    path = tmp_path_factory.mktemp("four") / "lab.py"
    path.write_text(Path(lab.INVENTORY).read_text() + "\npostgres += gateways[1:]\n")
    with postgres.kept() as pair:
        lab.save(*FURTHER)
        lab.up()
        run = lab.site(*SYNCHRONOUS, inventory=str(path))
        assert run.code == 0, run.output
        ledger.serve(pair.primary, inventory=str(path))
        lab.eventually(ledger.answers, within=120, every=1)
        try:
            yield Four(str(path), pair.primary, (pair.replica, *FURTHER))
        finally:
            ledger.gone()
            lab.restore(*FURTHER)


def waits(four: Four) -> bool:
    """Whether status says that every write waits."""
    run = lab.pyinfra("--json", *ARGUMENTS, four.inventory, STATUS)
    return any("Every write waits" in one["what"] for one in run.json["findings"] if one["host"] == four.primary)


def confirming(four: Four) -> int:
    """How many replicas can confirm a write."""
    streaming = "select count(*) from pg_stat_replication where state = 'streaming' and sync_state = 'quorum'"
    return int(ask(four.primary, streaming))


def test_two_of_three_replicas_gone_the_site_goes_on(four: Four) -> None:
    first, second, third = four.replicas
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        lab.pull_the_plug(first)
        lab.ssh(second, f"systemctl kill --signal=KILL {UNIT}")
        judge.more(2 * RATE)
        assert not waits(four)
        lab.ssh(third, f"systemctl stop {UNIT}")
        before = len(judge.acknowledged)
        lab.eventually(lambda: waits(four))
        assert len(judge.acknowledged) - before < RATE, "writes were acknowledged that no replica has"
        lab.ssh(third, f"systemctl start {UNIT}")
        judge.more(RATE)
    assert judge.lost(four.primary) == set()
    print(
        f"\none replica of three left: none of {len(judge.acknowledged)} lost; the longest waited {judge.longest:.1f} s"
    )
    lab.up(first)
    lab.ssh(second, f"systemctl start {UNIT}")
    lab.eventually(lambda: confirming(four) == 3, within=120)


def test_a_forced_failover_loses_nothing(four: Four) -> None:
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        lab.pull_the_plug(four.primary)
        began = time.time()
        run = lab.pyinfra("-y", "--data", "force=true", *SYNCHRONOUS, four.inventory, FAILOVER)
        assert run.code == 0, run.output
        judge.more(RATE)
    took = min(at for at in list(judge.acknowledged.values()) if at > began) - began
    (new,) = set(re.findall(r"(\S+) is promoted, and tells every other host", run.output))
    assert judge.lost(new) == set()
    print(
        f"\nforced, synchronous: none of {len(judge.acknowledged)} lost; writes went on {took:.1f} s after the command"
    )
