"""A machine that is dead is replaced by a new one under its name, by the same command as ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploys.facts.postgres.state import slot_name
from deploys.settings.lab import KNOWN_HOSTS
from tests import lab, ledger
from tests.inventory import hosts
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.postgres import Pair, ask, follows

RATE = 50
HEARD = "find /var/lib/tracseq-witness -type f ! -name '*.*' -exec cat {} +"


def new_machine(name: str) -> None:
    """Have nothing left of a machine, and a bare one in its place, with a host key of its own."""
    lab.destroy(name)
    lab.up(name)


def test_a_replica_is_replaced_by_one_command() -> None:
    pair = postgres.found()
    before = KNOWN_HOSTS.read_text()
    new_machine(pair.replica)
    ask(pair.primary, "drop table if exists replaced; create table replaced as select 'written meanwhile' as row")
    now = KNOWN_HOSTS.read_text()
    KNOWN_HOSTS.write_text(before)
    stranger = lab.site(inventory=lab.INVENTORY)
    KNOWN_HOSTS.write_text(now)
    assert stranger.code != 0
    address = hosts(lab.INVENTORY)[pair.replica].data["ssh_hostname"]
    assert f"ssh-keygen -f {KNOWN_HOSTS} -R {address}" in stranger.output
    run = lab.site(inventory=lab.INVENTORY)
    assert run.code == 0, run.output
    assert follows(pair)
    assert ask(pair.replica, "select row from replaced") == "written meanwhile"
    slot = f"select active from pg_replication_slots where slot_name = '{slot_name(pair.replica)}'"
    assert ask(pair.primary, slot) == "t"
    # Should another be promoted next, the new machine knows who it was until then.
    lab.eventually(lambda: pair.primary in lab.ssh(pair.replica, HEARD).split(), within=90)
    ask(pair.primary, "drop table replaced")
    assert lab.site(inventory=lab.INVENTORY).changes == {}


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres.kept() as found:
        ledger.serve(found.primary)
        lab.eventually(ledger.answers, within=120, every=1)
        yield found
        ledger.gone()


@pytest.mark.long
def test_a_primary_is_replaced_and_is_the_primary_again(pair: Pair) -> None:
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        lab.pull_the_plug(pair.primary)
        forced = lab.pyinfra("-y", "--data", "force=true", lab.INVENTORY, "deploys/failover.py")
        assert forced.code == 0, forced.output
        judge.more(RATE)
    lost = judge.lost(pair.replica)
    new_machine(pair.primary)
    with judge.writing(RATE):
        judge.more(RATE)
        run = lab.site(inventory=lab.INVENTORY)
        assert run.code == 0, run.output
        back = lab.pyinfra("-y", "--data", f"to={pair.primary}", lab.INVENTORY, "deploys/failover.py")
        assert back.code == 0, back.output
        judge.more(RATE)
    assert judge.lost(pair.primary) == lost, "writes were lost after the forced failover, too"
    assert lab.site(inventory=lab.INVENTORY).changes == {}
    print(f"\n{len(judge.acknowledged)} writes, {len(lost)} lost by the forced failover and none after it")
