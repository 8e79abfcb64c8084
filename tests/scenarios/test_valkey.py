"""Three Valkey servers: they fail over, no run changes them for Redis, and whoever wants that loses nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from deploys.facts.redis_software import REDIS, VALKEY, Software
from tests import lab
from tests.scenarios.hosts_behave import proved
from tests.scenarios.replicated_redis import PATH, Replicated
from tests.scenarios.taken_over import by_hand
from tests.users import Users

pytestmark = pytest.mark.long
"""Three machines are made for them, which takes minutes."""

SITE = Replicated("inventories/lab_valkey.py")
RATE = 50
WITHIN = 4.0
"""Seconds within which it takes writes again, by whose number of writes the loss is bounded, too."""
KEPT = {"SET tracseq:test:kept yes": "GET tracseq:test:kept", "RPUSH tracseq:test:list a": "LLEN tracseq:test:list"}
"""What is written, and how it is asked for."""


@pytest.fixture(scope="module", autouse=True)
def site_with_valkey(site_as_it_should_be: None) -> Iterator[None]:
    with SITE.deployed():
        yield


@pytest.fixture(autouse=True)
def all_are_well() -> None:
    """Each case begins with a master and two replicas, and Sentinels that have a say."""
    SITE.awaited()


def killed(name: str) -> None:
    for process in lab.processes_of(name, VALKEY.server):
        os.kill(process, signal.SIGKILL)


def stopped(name: str) -> None:
    SITE.ssh(name, f"systemctl stop {VALKEY.unit}")


def test_a_second_run_changes_nothing_and_its_hosts_behave() -> None:
    run = lab.site(inventory=SITE.inventory)
    assert run.code == 0, run.output
    assert run.changes == {}
    proved(SITE.inventory, "sentinel", "redis")


@pytest.mark.parametrize("happens", [killed, stopped])
def test_a_master_that_is_gone_is_replaced_and_no_request_fails(happens: Callable[[str], None]) -> None:
    old, users = SITE.master(), Users(SITE.inventory)
    others = [one for one in SITE.servers if one != old]
    with users.reading(PATH, RATE), SITE.writing(RATE) as writes:
        time.sleep(2)
        happens(old)
        lab.eventually(lambda: any(SITE.replication(one)["role"] == "master" for one in others), within=30)
        time.sleep(3)
        ended = time.time()
    SITE.ssh(old, f"systemctl start {VALKEY.unit}")
    lab.eventually(SITE.whole, within=60)
    new = SITE.master()
    print(
        f"\n{happens.__name__}: {old} to {new}, Valkey took no writes for {writes.gap():.1f} s, "
        f"{len(writes.lost(new))} of {len(writes.acknowledged)} acknowledged writes lost; "
        f"{users.answered} requests answered, {len(users.failed)} failed"
    )
    assert new != old
    assert users.failed == [], users.failed[:5]
    assert max(writes.acknowledged.values()) > ended - 1, "Valkey takes writes again"
    assert writes.gap() <= WITHIN
    assert len(writes.lost(new)) <= RATE * WITHIN
    assert lab.site(inventory=SITE.inventory).changes == {}


def test_a_run_that_would_change_it_for_redis_is_refused() -> None:
    for limit in ((), ("--limit", SITE.servers[0])):
        run = lab.site("--data", "redis_software=redis", *limit, inventory=SITE.inventory)
        assert run.code != 0
        assert "No host was changed." in run.output
        assert "data of Valkey in /var/lib/valkey" in run.output
        assert "docs/operations/redis.md" in run.output
    assert SITE.whole()
    assert lab.site(inventory=SITE.inventory).changes == {}


def test_a_host_that_a_limit_leaves_out_is_asked_too() -> None:
    first, other = SITE.servers[:2]
    SITE.ssh(other, f"install -d {REDIS.data} && touch {REDIS.data}/dump.rdb")
    try:
        run = lab.site("--limit", first, inventory=SITE.inventory)
    finally:
        SITE.ssh(other, f"rm {REDIS.data}/dump.rdb")
    assert run.code != 0
    assert "no host was changed" in run.output
    assert f"{other} has data of Redis in {REDIS.data}" in run.output


def test_data_is_taken_over_by_the_steps_of_the_page_there_and_back() -> None:
    taken(VALKEY, REDIS)
    taken(REDIS, VALKEY)
    assert lab.site(inventory=SITE.inventory).changes == {}
    for name in SITE.servers:
        SITE.ssh(name, "".join(f"rm -rf {one.data}.kept\n" for one in (REDIS, VALKEY)))


def taken(old: Software, new: Software) -> None:
    """Have all servers be the other software, with what was written until the last moment."""
    before, after = replace(SITE, chosen=old), replace(SITE, chosen=new)
    for write in KEPT:
        before.ask(before.master(), write)
    said = [before.ask(before.master(), read) for read in KEPT.values()]
    with before.writing(RATE) as writes:
        time.sleep(1)
        by_hand(before, new)
    run = lab.site("--data", f"redis_software={new.name}", inventory=SITE.inventory)
    assert run.code == 0, run.output
    lab.eventually(after.whole, within=60)
    lost = writes.lost(after.master(), new)
    print(f"\n{old.title} to {new.title}: {len(lost)} of {len(writes.acknowledged)} acknowledged writes lost")
    assert lost == set()
    assert [after.ask(after.master(), read) for read in KEPT.values()] == said
    assert lab.site("--data", f"redis_software={new.name}", inventory=SITE.inventory).changes == {}
    for name in SITE.servers:
        units = " ".join((old.unit, old.sentinel_unit))
        assert "active" not in SITE.ssh(name, f"systemctl is-active {units}; true").split()
