"""The primary changes under load: what was acknowledged is judged by who was told, not by the servers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import lab, ledger
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.postgres import Pair, said, state

FAILOVER = "deploys/failover.py"
RATE = 200
WATCH, LOOKS = "tracseq-backup-watch.service", "tracseq-test-looks"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with postgres.kept() as found:
        ledger.serve(found.primary)
        lab.eventually(ledger.answers, within=120, every=1)
        yield found
        ledger.gone()


def failover(*arguments: str) -> lab.Run:
    return lab.pyinfra("-y", "--json", *arguments, lab.INVENTORY, FAILOVER)


def changed(*arguments: str) -> lab.Run:
    run = failover(*arguments)
    assert run.code == 0, run.output
    return run


@contextmanager
def backups_watched() -> Iterator[None]:
    """Whoever watches over the backups looks all the time, and none of its looks fails."""
    holder = group("backups", lab.INVENTORY)[0].name
    # Without reset-failed systemd refuses more than a few starts within seconds.
    look = f"systemctl start {WATCH} && echo well || echo failed; systemctl reset-failed {WATCH}"
    lab.ssh(
        holder,
        f"systemd-run --quiet --collect --unit={LOOKS} sh -c 'while true; do {look}; sleep 0.1; done >/run/{LOOKS}'",
    )
    began = int(time.time())
    try:
        yield
    finally:
        looks = lab.ssh(holder, f"systemctl stop {LOOKS}; cat /run/{LOOKS}; rm /run/{LOOKS}").split()
    assert "well" in looks
    assert "failed" not in looks, lab.ssh(holder, f"journalctl --unit={WATCH} --since=@{began} --output=cat")


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.long)])
def test_a_planned_failover_loses_nothing(pair: Pair, times: int) -> None:
    for target in times * (pair.replica, pair.primary):
        judge = Ledger()
        planned = lab.pyinfra("--dry", "--data", f"to={target}", lab.INVENTORY, FAILOVER)
        assert planned.code == 0, planned.output
        assert "Nothing that was acknowledged is lost" in planned.output
        with backups_watched(), judge.writing(RATE):
            judge.more(RATE)
            changed("--data", f"to={target}")
            judge.more(RATE)
        assert judge.lost(target) == set()
        print(
            f"\nplanned, to {target}: none of {len(judge.acknowledged)} lost; the longest waited {judge.longest:.1f} s"
        )
        assert changed("--data", f"to={target}").changes == {}
    assert lab.site().changes == {}


def test_a_primary_that_lost_its_power_is_followed_by_force_and_comes_back_fenced(pair: Pair) -> None:
    old, new = pair.primary, pair.replica
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        lab.pull_the_plug(old)
        refused = failover()
        assert refused.code != 0
        assert "Bring the primary back if you can: that loses nothing" in refused.output
        began = time.time()
        run = changed("--data", "force=true")
        judge.more(1)
        took = min(at for at in list(judge.acknowledged.values()) if at > began) - began
        found = re.search(r"at most ([0-9.]+) s of writes", run.output)
        assert found, run.output
        judge.more(RATE)
        lost = judge.lost(new)
        # The clocks of the lab's machines are one and the same.
        since = began - float(found[1])
        early = {number for number in lost if judge.acknowledged[number] < since}
        assert not early, f"{len(early)} of {len(lost)} lost writes are older than it said"
        # Its machine comes back while everybody writes.
        lab.up(old)
        lab.eventually(lambda: state(old) == "failed", within=60)
        assert f"Not started: {new} is the primary on timeline" in said(old)
        judge.more(RATE)
    print(
        f"\nforced: writes went on {took:.1f} s after the command; {len(lost)} of {len(judge.acknowledged)} lost, "
        f"it had said at most those of {found[1]} s"
    )
    assert judge.lost(new) == lost, "writes were lost after the failover, too"
    assert changed("--data", "force=true").changes == {}
    assert lab.site().changes == {}
