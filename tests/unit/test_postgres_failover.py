"""Who becomes the primary, and what that costs, from what the servers say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploys.controller.postgres.failover import Failover, FailoverError, decide
from deploys.facts.postgres.answer import history, location
from deploys.facts.postgres.state import Answer, Cluster, ServerState

EMPTY = ServerState("12", 4 << 30, frozenset({15}))
NOW = 1_800_000_000.0
PRIMARY = Cluster(
    15, identifier="1", timeline=1, state="in production", running=True,
    answer=Answer(False, 1, position=5000, followers={"pg2": 4900, "pg3": 5000}),
)  # fmt: skip
REPLICA = Cluster(
    15, identifier="1", timeline=1, state="in archive recovery", replica=True, running=True,
    answer=Answer(True, 1, position=4900, committed=NOW - 7.5, pace=2.0),
)  # fmt: skip
AHEAD = replace(REPLICA, answer=replace(REPLICA.answer or Answer(True), position=5000))
SHUT_DOWN = replace(PRIMARY, running=False, answer=None, state="shut down", checkpoint=4800)
CRASHED = replace(SHUT_DOWN, state="in production")
PROMOTED = replace(PRIMARY, answer=Answer(False, 2, position=6000, history={1: 4900}))


def decided(
    to: str | None = None, force: bool = False, silent: dict[str, str] | None = None, **clusters: Cluster | None
) -> Failover:
    servers = {
        name: replace(EMPTY, clusters={cluster.version: cluster} if cluster else {})
        for name, cluster in clusters.items()
    }
    return decide(servers, silent or {}, to, force, NOW)


def refused(to: str | None = None, silent: dict[str, str] | None = None, **clusters: Cluster | None) -> str:
    with pytest.raises(FailoverError, match="No host was changed") as error:
        decided(to, False, silent, **clusters)
    return str(error.value)


def test_a_running_primary_hands_over_to_the_replica_that_is_named() -> None:
    change = decided("pg2", pg1=PRIMARY, pg2=REPLICA, pg3=AHEAD)
    assert (change.former, change.target, change.promotes) == ("pg1", "pg2", True)
    assert change.topology.replicas == ("pg1", "pg3")
    assert "100 bytes behind" in change.found[0]
    assert "Nothing that was acknowledged is lost" in change.found[1]


def test_nobody_is_promoted_without_being_named_while_the_primary_runs() -> None:
    for force in (False, True):
        change = decided(None, force, pg1=PRIMARY, pg2=REPLICA)
        assert (change.former, change.target, change.promotes) == (None, "pg1", False)
        assert "--data to=NAME" in change.found[0]


def test_run_again_it_has_nothing_to_do_or_finishes() -> None:
    done = decided("pg2", pg1=replace(REPLICA, timeline=2), pg2=PROMOTED)
    assert (done.former, done.target, done.promotes) == (None, "pg2", False)
    after_the_stop = decided("pg2", pg1=SHUT_DOWN, pg2=REPLICA)
    assert (after_the_stop.former, after_the_stop.target, after_the_stop.promotes) == ("pg1", "pg2", True)
    after_the_promotion = decided("pg2", pg1=SHUT_DOWN, pg2=PROMOTED)
    assert (after_the_promotion.former, after_the_promotion.promotes) == (None, False)
    assert after_the_promotion.topology.replicas == ("pg1",)


def test_a_primary_that_was_stopped_in_order_can_start_again() -> None:
    change = decided("pg1", pg1=SHUT_DOWN, pg2=REPLICA)
    assert (change.former, change.target, change.promotes) == (None, "pg1", False)


def test_a_replica_that_does_not_stream_is_refused() -> None:
    behind = replace(PRIMARY, answer=replace(PRIMARY.answer or Answer(False), followers={"pg3": 5000}))
    assert "pg2 does not stream from pg1 (pg3 does)" in refused("pg2", pg1=behind, pg2=REPLICA, pg3=AHEAD)


def test_names_that_are_none_are_refused_with_the_reason() -> None:
    assert "pg9 is no Postgres host with data" in refused("pg9", pg1=PRIMARY, pg2=REPLICA)
    assert "pg2 was not reached: no route" in refused("pg2", silent={"pg2": "no route"}, pg1=PRIMARY)


def test_two_primaries_are_refused() -> None:
    assert "pg1 and pg2 both run as the primary" in refused("pg2", pg1=PRIMARY, pg2=PROMOTED)


def test_a_vanished_primary_needs_force_and_what_may_be_lost_is_said() -> None:
    said = refused(None, {"pg1": "no route"}, pg2=REPLICA)
    assert "not reached: pg1 (no route)" in said
    assert "at most 7.5 s of writes, about 15 B of WAL" in said
    assert "--data force=true" in said


def test_by_force_the_replica_with_the_most_wal_is_promoted() -> None:
    change = decided(None, True, {"pg1": "no route"}, pg2=REPLICA, pg3=AHEAD)
    assert (change.former, change.target, change.promotes) == (None, "pg3", True)
    assert "pg3 has 100 bytes more than pg2" in refused("pg2", {"pg1": "no route"}, pg2=REPLICA, pg3=AHEAD)


def test_a_crashed_primary_that_answers_is_not_given_up_without_force() -> None:
    assert "Bring the primary back" in refused(None, pg1=CRASHED, pg2=REPLICA)
    change = decided(None, True, pg1=CRASHED, pg2=REPLICA)
    assert (change.target, change.topology.left_alone) == ("pg2", ("pg1",))


def test_a_replica_that_misses_the_end_of_a_stopped_primary_is_not_promoted_without_force() -> None:
    assert "Bring the primary back" in refused("pg2", pg1=replace(SHUT_DOWN, checkpoint=4950), pg2=REPLICA)


def test_a_former_primary_is_not_taken_for_the_one_that_handed_over() -> None:
    """A fenced one of an earlier timeline, the primary of now crashed, and a replica of that one."""
    follower = replace(AHEAD, timeline=2, answer=replace(AHEAD.answer or Answer(True), timeline=2))
    crashed = replace(CRASHED, timeline=2)
    assert "Bring the primary back" in refused(None, pg1=SHUT_DOWN, pg2=crashed, pg3=follower)
    # Right after a promotion the last checkpoint is still of the timeline before.
    assert "Bring the primary back" in refused(None, pg1=SHUT_DOWN, pg2=CRASHED, pg3=AHEAD)


def test_beside_a_former_primary_a_planned_one_is_finished() -> None:
    follower = replace(AHEAD, timeline=2, answer=replace(AHEAD.answer or Answer(True), timeline=2))
    change = decided("pg3", pg1=SHUT_DOWN, pg2=replace(SHUT_DOWN, timeline=2, checkpoint=4900), pg3=follower)
    assert (change.former, change.target, change.promotes) == ("pg2", "pg3", True)


def test_a_stopped_primary_does_not_start_while_another_may_have_been_promoted() -> None:
    said = refused("pg1", {"pg2": "no route"}, pg1=SHUT_DOWN, pg3=REPLICA)
    assert "pg2 (not reached) may have been promoted since" in said
    follower = replace(REPLICA, timeline=2, answer=replace(REPLICA.answer or Answer(True), timeline=2))
    with pytest.raises(FailoverError, match="pg1 does not run as a replica"):
        decided("pg1", False, None, pg1=SHUT_DOWN, pg3=follower)


def test_nobody_is_promoted_beside_a_server_that_runs_and_says_nothing() -> None:
    mute = replace(PRIMARY, answer=None, silence="the database system is starting up")
    for force in (False, True):
        with pytest.raises(FailoverError, match=r"pg1 runs and does not say .*starting up.* power pg1 off"):
            decided(None, force, pg1=mute, pg2=REPLICA)


def test_a_replica_of_an_older_timeline_is_refused() -> None:
    newer = replace(CRASHED, timeline=3)
    with pytest.raises(FailoverError, match="older timeline"):
        decided("pg2", True, pg1=newer, pg2=REPLICA)


def test_without_a_replica_there_is_nobody_to_promote() -> None:
    assert "there is nobody to promote" in refused(None, {"pg1": "no route"}, pg2=None)


def test_a_former_primary_that_wrote_more_is_left_alone() -> None:
    change = decided("pg2", pg1=replace(SHUT_DOWN, checkpoint=4950), pg2=PROMOTED)
    assert change.topology.left_alone == ("pg1",)


def test_a_history_is_read_as_postgres_writes_it() -> None:
    text = "1\t0/16B3740\tno recovery target specified\n\n2\t1/2000028\tno recovery target specified\n"
    assert history(text) == {1: 0x16B3740, 2: (1 << 32) + 0x2000028}
    assert location("16/B374D848") == 0x16B374D848
