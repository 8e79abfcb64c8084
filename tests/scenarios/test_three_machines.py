"""Three machines that are everything: each may vanish, nothing that was acknowledged does, and all come back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests import lab, ledger
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import redis
from tests.scenarios.hosts_behave import proved

pytestmark = pytest.mark.long
"""A site of its own is made for it, which takes minutes."""

INVENTORY = "inventories/lab_three.py"
HOSTS = [host.name for host in group("all", INVENTORY)]
DATA = group("redis", INVENTORY)[0].data
BEHAVIOURS = (
    "backup", "backup_server", "base", "firewall", "gateway", "kernel", "load_balancer", "ports", "postgres", "redis",
    "sentinel",
)  # fmt: skip
RATE = 50
WITHIN = 60
"""Seconds within which writes go on after a machine lost its power."""


@pytest.fixture(scope="module", autouse=True)
def three_machines(site_as_it_should_be: None) -> Iterator[None]:
    lab.destroy(*HOSTS)
    lab.up(*HOSTS, inventory=INVENTORY)
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    ledger.serve(primary(), inventory=INVENTORY)
    lab.eventually(lambda: ledger.answers(INVENTORY), within=120, every=1)
    yield
    ledger.gone()
    lab.destroy(*HOSTS)


def ssh(name: str, command: str) -> str:
    return lab.ssh(name, command, inventory=INVENTORY).strip()


def ask(name: str, query: str) -> str:
    """What a server answers to its superuser."""
    return ssh(name, f'cd /; runuser -u postgres -- psql -XAtq -p {DATA["postgres_port"]} -c "{query}"')


def primary() -> str:
    """The machine whose server takes writes."""
    (found,) = [name for name in HOSTS if lab.running(name) and ask(name, "select pg_is_in_recovery()") == "f"]
    return found


def whole() -> bool:
    """Whether every part has all of its members: nobody else may vanish before that."""
    leader = primary()
    streaming = "select count(*) from pg_stat_replication where state = 'streaming' and application_name like 'three%'"
    roles = [redis.ask(name, "INFO replication", INVENTORY) for name in HOSTS]
    masters = [said for said in roles if "role:master" in said and "connected_slaves:2" in said]
    owners = [name for name in HOSTS if f" {DATA['virtual_address']}/" in ssh(name, "ip -o address show")]
    members = f"curl -sS -m 5 http://127.0.0.1:{DATA['gateway_port']}/health/detailed"
    well = all(json.loads(ssh(name, members))["database"]["status"] == "up" for name in HOSTS)
    return ask(leader, streaming) == "2" and len(masters) == 1 and len(owners) == 1 and well


def test_a_second_run_changes_nothing_and_its_hosts_behave() -> None:
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    assert run.changes == {}, run.output
    proved(INVENTORY, *BEHAVIOURS)


@pytest.mark.parametrize("name", HOSTS)
def test_any_one_may_vanish(name: str) -> None:
    lab.eventually(whole, within=120, every=1)
    leader = primary()
    judge = Ledger(INVENTORY)
    with judge.writing(RATE):
        judge.more(RATE)
        lab.pull_the_plug(name)
        cut = time.time()
        lab.eventually(lambda: any(at > cut + 1 for at in list(judge.acknowledged.values())), within=WITHIN)
        judge.more(RATE, within=WITHIN)
        lab.up(name, inventory=INVENTORY)
        judge.more(RATE)
        lab.eventually(whole, within=180, every=1)
    part = "primary" if name == leader else "replica"
    print(
        f"\n{name} ({part}) lost its power: {len(judge.acknowledged)} writes, longest wait {judge.longest:.1f} s, "
        f"{len(judge.failed)} attempts failed",
        flush=True,
    )
    assert judge.lost(primary()) == set()


def test_after_all_of_it_a_run_changes_nothing() -> None:
    lab.eventually(whole, within=120, every=1)
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    assert run.changes == {}, run.output
