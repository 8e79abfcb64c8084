"""Three Redis servers: whatever happens to the master, no request fails and Redis takes writes again in seconds."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import lab
from tests.scenarios.hosts_behave import proved
from tests.scenarios.replicated_redis import PATH, Replicated
from tests.users import Users

pytestmark = pytest.mark.long
"""Two machines are made for them, which takes minutes."""

SITE = Replicated("inventories/lab_redis.py")
RATE = 200
WITHIN = 4.0
"""Seconds within which Redis takes writes again, and by whose number of writes the loss of a partition is bounded."""


@pytest.fixture(scope="module", autouse=True)
def site_with_three_servers(site_as_it_should_be: None) -> Iterator[None]:
    with SITE.deployed():
        yield


@pytest.fixture(autouse=True)
def all_are_well() -> None:
    """Each case begins with a master and two replicas, and Sentinels that have a say."""
    SITE.awaited()


def killed(name: str) -> None:
    found = lab.processes_of(name, "redis-server")
    assert found, f"{name} runs no redis-server"
    for process in found:
        os.kill(process, signal.SIGKILL)


def stopped(name: str) -> None:
    SITE.ssh(name, "systemctl stop redis-server")


def started(name: str) -> None:
    SITE.ssh(name, "systemctl start redis-server")


def hung(name: str) -> None:
    for process in lab.processes_of(name, "redis-server"):
        os.kill(process, signal.SIGSTOP)


def goes_on(name: str) -> None:
    for process in lab.processes_of(name, "redis-server"):
        os.kill(process, signal.SIGCONT)


def power_back(name: str) -> None:
    lab.up(name, inventory=SITE.inventory)


@dataclass(frozen=True)
class Case:
    """
    Something that happens to the master.

    Attributes:
        happens: does it
        heals: ends it, where it does not end by itself
    """

    happens: Callable[[str], object]
    heals: Callable[[str], object] | None = None


CASES = {
    "killed": Case(killed),
    "stopped": Case(stopped, started),
    "server frozen": Case(hung, goes_on),
    "machine frozen": Case(lab.freeze, lab.thaw),
    "power cut": Case(lab.pull_the_plug, power_back),
    "cable pulled": Case(lab.cut_off, lab.plug_in),
}


@pytest.mark.parametrize("name", CASES)
def test_what_happens_to_the_master_and_its_return(name: str) -> None:
    case, old, users = CASES[name], SITE.master(), Users(SITE.inventory)
    others = [one for one in SITE.servers if one != old]
    with users.reading(PATH, RATE):
        with SITE.writing(RATE) as writes:
            time.sleep(2)
            case.happens(old)
            lab.eventually(lambda: any(SITE.replication(one)["role"] == "master" for one in others), within=30)
            time.sleep(3)
            ended = time.time()
        with SITE.writing(RATE) as returned:
            if case.heals:
                case.heals(old)
            lab.eventually(SITE.whole, within=60)
            time.sleep(2)
    new = SITE.master()
    print(
        f"\n{name}: {old} to {new}, Redis took no writes for {writes.gap():.1f} s, {len(writes.lost(new))} of "
        f"{len(writes.acknowledged)} acknowledged writes lost; its return: no writes for {returned.gap():.1f} s, "
        f"{len(returned.lost(new))} lost; {users.answered} requests answered, {len(users.failed)} failed"
    )
    assert new != old
    assert users.failed == [], users.failed[:5]
    assert max(writes.acknowledged.values()) > ended - 1, "Redis takes writes again"
    assert writes.gap() <= WITHIN
    assert len(writes.lost(new)) <= RATE * WITHIN
    assert returned.gap() < 1, "the old master's return costs nothing"
    assert returned.lost(new) == set()


def test_a_partition_loses_no_more_than_what_is_said() -> None:
    """The master and one who writes to it are on one side, its replicas on the other."""
    old, users = SITE.master(), Users(SITE.inventory)
    others = [one for one in SITE.servers if one != old]
    with users.reading(PATH, RATE):
        with SITE.writing(RATE, only=old) as writes:
            time.sleep(2)
            began = time.time()
            SITE.ssh(old, "\n".join(f"ip route replace blackhole {SITE.addresses[one]}" for one in others))
            lab.eventually(lambda: any(SITE.replication(one)["role"] == "master" for one in others), within=30)
            time.sleep(6)
        SITE.ssh(old, "ip route flush type blackhole")
        lab.eventually(SITE.whole, within=90)
    new = SITE.master()
    lost = writes.lost(new)
    after = max(writes.acknowledged.values()) - began
    print(
        f"\npartition: {old} to {new}; {old} acknowledged writes for {after:.1f} s more; "
        f"{len(lost)} of {len(writes.acknowledged)} acknowledged writes lost at {RATE} a second, "
        f"at most {RATE * WITHIN:.0f}; {users.answered} requests answered, {len(users.failed)} failed"
    )
    assert new != old
    assert any("NOREPLICAS" in why for why in writes.refused)
    assert len(lost) <= RATE * WITHIN
    assert users.failed == []


def test_a_second_run_changes_nothing_whoever_is_the_master() -> None:
    run = lab.site(inventory=SITE.inventory)
    assert run.code == 0, run.output
    assert run.changes == {}
    proved(SITE.inventory, "sentinel", "redis")


def test_a_changed_setting_comes_to_replicas_first_and_fails_no_request() -> None:
    old, users = SITE.master(), Users(SITE.inventory)
    with users.reading(PATH, RATE), SITE.writing(RATE) as writes:
        run = lab.site("--data", "redis_memory=160MB", inventory=SITE.inventory)
        assert run.code == 0, run.output
        time.sleep(2)
    new = SITE.master()
    changed = [one["name"] for one in run.json["results"]["operations"] if one["success"]]
    print(
        f"\na setting: {old} to {new}, longest without writes {writes.gap():.1f} s, {len(writes.lost(new))} of "
        f"{len(writes.acknowledged)} lost, {users.answered} requests answered, {len(users.failed)} failed"
    )
    assert set(changed) <= {"Redis | Redis server", "Redis | It has its part"}
    assert new != old
    assert users.failed == []
    assert writes.lost(new) == set()
    assert all(SITE.ask(name, "CONFIG GET maxmemory")[1] == str(160 * 1024**2) for name in SITE.servers)
    again = lab.site("--data", "redis_memory=160MB", inventory=SITE.inventory)
    assert again.changes == {}
    back = lab.site(inventory=SITE.inventory)
    assert back.code == 0, back.output


def test_what_rules_ask_of_sentinels_debians_exporter_tells() -> None:
    rule = Path("files/monitoring/rules/redis.yml").read_text()
    wanted = set(re.findall(r"redis_sentinel_\w+", rule))
    of_sentinel = f"redis://127.0.0.1:{SITE.sentinel_port}"
    said = SITE.ssh(
        SITE.servers[1],
        "DEBIAN_FRONTEND=noninteractive apt-get -qq --yes install prometheus-redis-exporter >/dev/null\n"
        "umask 077\n"
        "password=$(sed -n 's/^requirepass \"\\(.*\\)\"$/\\1/p' /etc/redis/sentinel.conf)\n"
        f'printf \'{{"{of_sentinel}": "%s"}}\' "$password" > /run/exporter.json\n'
        "systemd-run --quiet --collect --unit=tracseq-test-exporter /usr/bin/prometheus-redis-exporter"
        " -web.listen-address=127.0.0.1:9122 -redis.password-file=/run/exporter.json\n"
        f"sleep 2; curl -sS '127.0.0.1:9122/scrape?target={of_sentinel}'\n"
        "systemctl stop tracseq-test-exporter; rm /run/exporter.json",
    )
    told = {re.split("[{ ]", line)[0] for line in said.splitlines()}
    assert wanted
    assert wanted - told == set()


def test_a_machine_that_was_made_anew_joins_and_has_the_data() -> None:
    SITE.ask(SITE.master(), "SET tracseq:test:kept yes")
    lost = next(name for name in SITE.servers[1:] if name != SITE.master())
    lab.destroy(lost)
    lab.up(lost, inventory=SITE.inventory)
    run = lab.site(inventory=SITE.inventory)
    assert run.code == 0, run.output
    lab.eventually(SITE.whole, within=60)
    assert SITE.ask(lost, "GET tracseq:test:kept") == ["yes"]
    SITE.ask(SITE.master(), "DEL tracseq:test:kept")
    assert lab.site(inventory=SITE.inventory).changes == {}
