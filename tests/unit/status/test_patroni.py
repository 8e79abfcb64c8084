"""What is wrong with Patroni and etcd, and what is only to be known."""

from __future__ import annotations

from typing import Any

from deploys.controller.status import etcd, patroni
from deploys.facts.etcd import MemberState
from deploys.facts.patroni import Patroni, PatroniState
from tests.unit.status.pretended import said, survey

MEMBERS = (
    {"name": "pg1", "role": "leader", "state": "running"},
    {"name": "pg2", "role": "sync_standby", "state": "running"},
)


def state(**values: Any) -> PatroniState:
    said: dict[str, Any] = {"configured": True, "own": {"state": "running"}, "members": MEMBERS}
    return PatroniState(**(said | values))


def judged(pg1: PatroniState, pg2: PatroniState, wrong: bool = True) -> list[tuple[str, str]]:
    return said(patroni.judged(survey("patroni", {"pg1": [pg1], "pg2": [pg2]})), wrong)


def test_all_is_well_and_a_machine_without_a_watchdog_is_said() -> None:
    assert judged(state(), state(watchdog=True)) == []
    ((host, what),) = judged(state(), state(watchdog=True), wrong=False)
    assert host == "pg1" and "no watchdog" in what


def test_one_that_does_not_answer_or_waits_for_a_restart() -> None:
    assert judged(state(own={}, members=()), state()) == [("pg1", "Patroni does not answer.")]
    waits = state(own={"state": "running", "pending_restart": True})
    assert judged(waits, state()) == [("pg1", "Patroni's server waits for a restart.")]


def test_paused_without_a_leader_and_without_a_synchronous_replica() -> None:
    assert judged(state(shared={"pause": True}), state()) == [("", "Patroni is paused, and promotes nobody.")]
    replicas = tuple(one | {"role": "replica"} for one in MEMBERS)
    assert judged(state(members=replicas), state()) == [("", "Patroni has no leader, and no server takes writes.")]
    alone = MEMBERS[:1]
    ((_, what),) = judged(state(members=alone), state())
    assert "nobody would be promoted" in what


def test_a_site_without_it_shows_nothing() -> None:
    assert patroni.judged(survey()).tables == ()
    assert etcd.judged(survey()).tables == ()


def test_a_member_without_a_majority() -> None:
    found = etcd.judged(
        survey("etcd", {"pg1": [MemberState(True, True)], "pg2": [MemberState(True, False, "no leader")]})
    )
    assert said(found) == [("pg2", "etcd is with no majority: no leader.")]


def test_what_a_host_prints_is_understood() -> None:
    found = Patroni().process(
        ["configured", 'patroni\t{"state": "running"}', 'config\t{"ttl": 20, "pause": true}', "cluster\t", "watchdog"]
    )
    assert found == PatroniState(True, {"state": "running"}, {"ttl": 20, "pause": True}, (), True)
    assert found.paused
    assert Patroni().process([]) == PatroniState()
