"""Patroni keeps the servers: what it does when machines, itself or etcd are gone, judged by who was told of a write."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests import lab, ledger
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.killed import killed_where_it_gets_there
from tests.scenarios.postgres import Pair, ask

pytestmark = pytest.mark.long
"""The whole site moves to Patroni and back, which takes minutes."""

INVENTORY = "inventories/lab_patroni.py"
MOVE = "deploys/postgres_failover.py"
BY_HAND = ("--data", "postgres_failover=manual")
RATE = 100
KILLED_MOVING = (
    ("It is with a majority", 0.0),
    ("What all members of Patroni share", 0.3),
    ("Postgres primary | Server", 0.5),
    ("Roles, databases and slots", 0.0),
    ("Copy of the primary", 0.0),
    ("Postgres replica | Server", 0.5),
)
KILLED_MOVING_BACK = (
    ("It promotes nobody any more", 0.3),
    ("It gives its server back", 0.5),
    ("Postgres primary | Server", 0.5),
    ("Copy of the primary", 0.0),
    ("Nothing is left of it", 0.2),
    ("Patroni is gone", 0.2),
)
WITHIN = 30
"""Seconds within which writes go on after the primary's machine lost its power."""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    others = {host.name for host in group("etcd", INVENTORY)} - {host.name for host in group("postgres", INVENTORY)}
    with postgres.kept(*others) as found:
        refused = lab.site(inventory=INVENTORY)
        assert refused.code != 0 and MOVE in refused.output, refused.output
        began = time.time()
        moved(INVENTORY)
        print(f"\nmoved to Patroni in {time.time() - began:.0f} s")
        ledger.serve(found.primary)
        lab.eventually(ledger.answers, within=120, every=1)
        yield found
        ledger.gone()


def moved(*arguments: str) -> lab.Run:
    run = lab.pyinfra("-y", "--json", *arguments, MOVE)
    assert run.code == 0, run.output
    return run


def primary(pair: Pair) -> str:
    """The host whose server takes writes."""
    (found,) = [name for name in (pair.primary, pair.replica) if ask(name, "select pg_is_in_recovery()") == "f"]
    return found


def other(pair: Pair, name: str) -> str:
    return pair.replica if name == pair.primary else pair.primary


def synchronous(leader: str, replica: str) -> bool:
    """Whether a replica has each write before it is acknowledged."""
    said = f"select sync_state from pg_stat_replication where application_name = '{replica}'"
    return ask(leader, said) == "sync"


def unchanged() -> None:
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    assert run.changes == {}, run.output


def power_cut(pair: Pair) -> float:
    """The seconds for which no write was acknowledged, after the primary's machine lost its power."""
    leader = primary(pair)
    follower = other(pair, leader)
    lab.eventually(lambda: synchronous(leader, follower), within=60)
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        lab.pull_the_plug(leader)
        cut = time.time()
        lab.eventually(lambda: any(at > cut for at in list(judge.acknowledged.values())), within=90)
        took = min(at for at in list(judge.acknowledged.values()) if at > cut) - cut
        judge.more(RATE)
        lab.up(leader)
        judge.more(RATE)
    assert judge.lost(follower) == set()
    lab.eventually(lambda: synchronous(follower, leader), within=120)
    assert judge.lost(leader) == set()
    return took


def test_the_site_is_as_the_data_says(pair: Pair) -> None:
    unchanged()
    refused = lab.pyinfra("-y", "--data", f"to={pair.replica}", INVENTORY, "deploys/failover.py")
    assert refused.code != 0 and "patronictl" in refused.output, refused.output
    assert moved(INVENTORY).changes == {}


def test_a_primary_that_lost_its_power_is_followed_and_comes_back_by_itself(pair: Pair) -> None:
    took = power_cut(pair)
    print(f"\npower cut: writes went on after {took:.1f} s, none lost")
    assert took < WITHIN
    unchanged()


def killed(leader: str) -> None:
    """End a host's Patroni, and nothing else, without a farewell."""
    lab.ssh(leader, "systemctl kill --kill-who=main --signal=KILL patroni")


def processes(name: str) -> set[str]:
    """The processes of a host's server."""
    return set(lab.ssh(name, "pgrep -x postgres || true").split())


def test_no_server_outlives_its_patroni(pair: Pair) -> None:
    leader = primary(pair)
    follower = other(pair, leader)
    lab.eventually(lambda: synchronous(leader, follower), within=60)
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        before = processes(leader)
        killed(leader)
        lab.eventually(lambda: not before & processes(leader), within=10)
        judge.more(RATE)
    now = primary(pair)
    print(f"\nPatroni killed: its server ended with it; the longest write waited {judge.longest:.1f} s, none lost")
    assert judge.lost(now) == set()
    lab.eventually(lambda: synchronous(now, other(pair, now)), within=120)


def test_a_patroni_that_stays_away_leaves_no_second_server(pair: Pair) -> None:
    leader = primary(pair)
    follower = other(pair, leader)
    lab.eventually(lambda: synchronous(leader, follower), within=60)
    drop_in = "/run/systemd/system/patroni.service.d/zz-once.conf"
    once = f"mkdir -p $(dirname {drop_in}); printf '[Service]\\nRestart=no\\n' > {drop_in}; systemctl daemon-reload"
    lab.ssh(leader, once)
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        killed(leader)
        lab.eventually(lambda: ask(follower, "select pg_is_in_recovery()") == "f", within=90)
        assert not processes(leader), "two servers run, and nobody stops the first"
        judge.more(RATE)
        lab.ssh(leader, f"rm {drop_in}; systemctl daemon-reload; systemctl start patroni")
    print(f"\nPatroni killed for good: the longest write waited {judge.longest:.1f} s, none lost")
    assert judge.lost(follower) == set()
    lab.eventually(lambda: synchronous(follower, leader), within=120)
    unchanged()


def without_a_majority(pair: Pair, seconds: float) -> str:
    """Have etcd without a majority for so long: writes go on, and nobody is promoted. The host of the primary."""
    leader = primary(pair)
    follower = other(pair, leader)
    lab.eventually(lambda: synchronous(leader, follower), within=60)
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        etcd("stop", leader)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            judge.more(RATE, within=WITHIN)
            assert ask(follower, "select pg_is_in_recovery()") == "t"
    assert judge.lost(leader) == set()
    print(f"\netcd without a majority for {seconds:.0f} s: the longest write waited {judge.longest:.1f} s")
    return leader


def etcd(verb: str, without: str) -> None:
    """Start or stop the members on all hosts but one."""
    for host in group("etcd", INVENTORY):
        if host.name != without:
            lab.ssh(host.name, f"systemctl --no-block {verb} etcd")


def test_without_a_majority_nobody_is_promoted_and_writes_go_on(pair: Pair) -> None:
    leader = without_a_majority(pair, WITHIN)
    etcd("start", leader)
    assert primary(pair) == leader
    unchanged()


def test_without_a_majority_and_a_primary_nobody_is_promoted(pair: Pair) -> None:
    leader = without_a_majority(pair, 300)
    follower = other(pair, leader)
    lab.pull_the_plug(leader)
    time.sleep(2 * WITHIN)
    assert ask(follower, "select pg_is_in_recovery()") == "t", "somebody was promoted without a majority"
    lab.up(leader)
    etcd("start", leader)
    lab.eventually(lambda: synchronous(primary(pair), other(pair, primary(pair))), within=180)
    unchanged()


def test_ten_power_cuts_lose_nothing(pair: Pair) -> None:
    took = [power_cut(pair) for _ in range(10)]
    print(f"\nten power cuts: writes went on after {', '.join(f'{one:.1f}' for one in took)} s, none lost")
    assert max(took) < WITHIN


def test_the_servers_go_back_to_streaming_alone(pair: Pair) -> None:
    refused = lab.site(*BY_HAND, inventory=INVENTORY)
    assert refused.code != 0 and MOVE in refused.output, refused.output
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        moved(*BY_HAND, INVENTORY)
        judge.more(RATE)
    now = primary(pair)
    print(f"\nmoved back: the longest write waited {judge.longest:.1f} s, none lost")
    assert judge.lost(now) == set()
    assert moved(*BY_HAND, INVENTORY).changes == {}
    again = lab.site(*BY_HAND, inventory=INVENTORY)
    assert again.code == 0 and again.changes == {}, again.output


def test_a_move_that_is_killed_is_finished_by_the_next(pair: Pair) -> None:
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        there = killed_where_it_gets_there(KILLED_MOVING, INVENTORY, MOVE)
        moved(INVENTORY)
        judge.more(RATE)
        assert moved(INVENTORY).changes == {}
        back = killed_where_it_gets_there(KILLED_MOVING_BACK, *BY_HAND, INVENTORY, MOVE)
        moved(*BY_HAND, INVENTORY)
        judge.more(RATE)
    now = primary(pair)
    print(f"\nkilled at {', '.join(there)}; and back at {', '.join(back)}")
    print(f"the longest write waited {judge.longest:.1f} s, none lost")
    assert len(there) >= 5 and len(back) >= 5
    assert judge.lost(now) == set()
    assert moved(*BY_HAND, INVENTORY).changes == {}
    again = lab.site(*BY_HAND, inventory=INVENTORY)
    assert again.code == 0 and again.changes == {}, again.output
