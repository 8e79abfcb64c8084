"""Somebody promotes the replica: the servers say so, and two primaries stop a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests import lab
from tests.scenarios.postgres import UNIT, activity, ask, kept

STATUS = "deploys/status.py"
PROMOTED = "tests/scenarios/deploys/promoted.py"
PG_CTL = "/usr/lib/postgresql/$V/bin/pg_ctl -D /etc/postgresql/$V/main -l /var/log/postgresql/by-hand.log"
"""What somebody may do who knows better than systemd."""


@dataclass(frozen=True)
class Promotion:
    """What happened: the old primary is stopped, and the new one was its replica."""

    old: str
    new: str
    wrote: str
    timeline: int
    """That of the old primary; the new one is on the next."""
    said: str
    """What the run said during which it happened."""


@pytest.fixture(scope="module")
def promotion() -> Iterator[Promotion]:
    """The replica is promoted while the primary is stopped; afterwards both hosts have their disks of before."""
    with kept() as pair:
        old, new = pair.primary, pair.replica
        timeline = int(ask(old, "select timeline_id from pg_control_checkpoint()"))
        run = lab.pyinfra("-y", "--data", f"lab_old={old}", "--data", f"lab_new={new}", lab.INVENTORY, PROMOTED)
        assert run.code == 0, run.output
        ask(new, "create table written_after_promotion as select 1 as row")
        yield Promotion(old, new, "written_after_promotion", timeline, run.output)


def test_a_run_during_which_it_happens_can_ask_anew(promotion: Promotion) -> None:
    assert f"{promotion.old} was the primary, and {promotion.new} is it now" in promotion.said


def test_a_promoted_replica_stays_primary_and_the_old_one_stopped(promotion: Promotion) -> None:
    before = activity(promotion.new), activity(promotion.old)
    run = lab.site(inventory=lab.INVENTORY)
    assert run.code == 0, run.output
    assert f"{promotion.new} is the primary, as its server says" in run.output
    assert f"{promotion.old} was a primary (timeline {promotion.timeline}) and is stopped" in run.output
    assert ask(promotion.new, "select pg_is_in_recovery()") == "f"
    assert (activity(promotion.new), activity(promotion.old)) == before
    assert "ActiveState=inactive" in before[1]


def test_status_says_that_the_old_primary_is_to_rejoin(promotion: Promotion) -> None:
    run = lab.pyinfra("--json", lab.INVENTORY, STATUS)
    assert run.code == 1, run.output
    servers = {name: run.json["hosts"][name]["postgres"] for name in (promotion.old, promotion.new)}
    assert servers[promotion.old]["role"] == "former primary"
    assert (servers[promotion.new]["role"], servers[promotion.new]["timeline"]) == ("primary", promotion.timeline + 1)
    said = [one["what"] for one in run.json["findings"] if one["host"] == promotion.old]
    assert f"It was the primary (timeline {promotion.timeline}) and is stopped; another is the primary now." in said


def test_a_second_run_changes_nothing(promotion: Promotion) -> None:
    run = lab.site(inventory=lab.INVENTORY)
    assert run.code == 0, run.output
    assert run.changes == {}


def test_two_primaries_stop_the_run_before_anything_is_changed(promotion: Promotion) -> None:
    by_hand = f"cd /; V=$(ls /etc/postgresql | grep -E '^[0-9]+$'); runuser -u postgres -- {PG_CTL}"
    # Its fence would stop it within seconds; here it is a host without one.
    fence = "tracseq-timeline.timer tracseq-fence.path"
    lab.ssh(promotion.old, f"systemctl stop {fence} tracseq-timeline tracseq-fence", inventory=lab.INVENTORY)
    lab.ssh(promotion.old, f"{by_hand} start; rm /etc/sysusers.d/tracseq.conf", inventory=lab.INVENTORY)
    before = activity(promotion.new), activity(promotion.old)
    run = lab.site(inventory=lab.INVENTORY)
    assert run.code != 0
    assert "There are two primaries, and both take writes" in run.output
    assert f"{promotion.old} (timeline {promotion.timeline})" in run.output
    assert f"{promotion.new} (timeline {promotion.timeline + 1})" in run.output
    assert "no host was changed" in run.output
    status = lab.pyinfra("--json", lab.INVENTORY, STATUS)
    assert status.code == 1
    assert any("There are two primaries" in one["what"] for one in status.json["findings"])
    assert (activity(promotion.new), activity(promotion.old)) == before
    gone = lab.ssh(promotion.old, "ls /etc/sysusers.d/tracseq.conf", check=False, inventory=lab.INVENTORY)
    assert gone == "", "the run wrote a file, although it had to stop"
    lab.ssh(promotion.old, f"{by_hand} stop; systemctl start {fence}", inventory=lab.INVENTORY)


def test_the_old_primary_becomes_a_replica_once_its_data_is_out_of_the_way(promotion: Promotion) -> None:
    directory = "/var/lib/postgresql/$(ls /etc/postgresql | grep -E '^[0-9]+$')/main"
    aside = f"systemctl reset-failed {UNIT}; mv {directory} {directory}.before"
    lab.ssh(promotion.old, aside, inventory=lab.INVENTORY)
    run = lab.site(inventory=lab.INVENTORY)
    assert run.code == 0, run.output
    assert ask(promotion.new, "select pg_is_in_recovery()") == "f"
    assert ask(promotion.old, "select pg_is_in_recovery()") == "t"
    lab.eventually(lambda: ask(promotion.old, f"select row from {promotion.wrote}") == "1", within=10)
    again = lab.site(inventory=lab.INVENTORY)
    assert again.code == 0, again.output
    assert again.changes == {}
