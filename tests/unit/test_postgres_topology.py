"""Which host is primary, from what the servers say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploys.controller.postgres.topology import Topology, TopologyError, decide
from deploys.facts.postgres.state import Answer, Cluster, ServerState

EMPTY = ServerState("12", 4 << 30, frozenset({15}))
PRIMARY = Cluster(15, identifier="1", timeline=1, state="in production", running=True, answer=Answer(False, 1))
REPLICA = replace(PRIMARY, replica=True, state="in archive recovery", answer=Answer(True, 1))
STOPPED_PRIMARY = replace(PRIMARY, running=False, answer=None, state="shut down")
STOPPED_REPLICA = replace(REPLICA, running=False, answer=None, state="shut down in recovery")


def having(cluster: Cluster | None) -> ServerState:
    return replace(EMPTY, clusters={cluster.version: cluster} if cluster else {})


def decided(silent: dict[str, str] | None = None, **clusters: Cluster | None) -> Topology:
    """The topology of hosts with these clusters, of which pg1 is the inventory's first primary."""
    return decide({name: having(cluster) for name, cluster in clusters.items()}, "pg1", silent or {})


def refused(silent: dict[str, str] | None = None, **clusters: Cluster | None) -> str:
    with pytest.raises(TopologyError) as error:
        decided(silent, **clusters)
    assert "no host was changed" in str(error.value)
    return str(error.value)


def on_timeline(cluster: Cluster, timeline: int) -> Cluster:
    answer = replace(cluster.answer, timeline=timeline) if cluster.answer else None
    return replace(cluster, timeline=timeline, answer=answer)


def test_without_any_data_the_inventory_decides() -> None:
    topology = decided(pg2=None, pg1=None)
    assert (topology.primary, topology.replicas, topology.remarks) == ("pg1", ("pg2",), ())


def test_one_host_alone_is_the_primary() -> None:
    topology = decided(pg1=None)
    assert (topology.primary, topology.replicas) == ("pg1", ())


def test_the_server_that_says_it_is_primary_is() -> None:
    topology = decided(pg1=PRIMARY, pg2=REPLICA, pg3=None)
    assert (topology.primary, topology.replicas, topology.remarks) == ("pg1", ("pg2", "pg3"), ())


def test_a_promoted_replica_stays_primary_and_is_told() -> None:
    topology = decided(pg1=None, pg2=on_timeline(PRIMARY, 2))
    assert (topology.primary, topology.replicas) == ("pg2", ("pg1",))
    assert topology.remarks == ("pg2 is the primary, as its server says; the inventory's first primary is pg1.",)


def test_a_stopped_former_primary_is_left_alone() -> None:
    topology = decided(pg1=STOPPED_PRIMARY, pg2=on_timeline(PRIMARY, 2), pg3=on_timeline(REPLICA, 2))
    assert (topology.primary, topology.replicas, topology.left_alone) == ("pg2", ("pg3",), ("pg1",))
    remark = next(remark for remark in topology.remarks if "left alone" in remark)
    assert "pg1 was a primary (timeline 1)" in remark
    assert "pg2 is the primary (timeline 2)" in remark
    assert "neither started nor changed" in remark


def test_a_stopped_replica_is_a_replica() -> None:
    assert decided(pg1=PRIMARY, pg2=STOPPED_REPLICA).replicas == ("pg2",)


def test_a_stopped_primary_is_the_primary_where_there_is_no_other() -> None:
    assert decided(pg1=STOPPED_PRIMARY).primary == "pg1"
    assert decided(pg1=None, pg2=STOPPED_PRIMARY).primary == "pg2"
    assert decided(pg1=STOPPED_PRIMARY, pg2=STOPPED_REPLICA).primary == "pg1"
    assert decided(pg1=STOPPED_PRIMARY, pg2=REPLICA).primary == "pg1"


def test_two_primaries_stop_the_run() -> None:
    message = refused(pg1=PRIMARY, pg2=on_timeline(PRIMARY, 2))
    assert "pg1 (timeline 1) and pg2 (timeline 2)" in message
    assert "promoted last: pg2" in message
    assert "systemctl disable --now postgresql@15-main" in message


def test_two_stopped_primaries_stop_the_run() -> None:
    message = refused(pg1=STOPPED_PRIMARY, pg2=on_timeline(STOPPED_PRIMARY, 2))
    assert "pg1 (primary, shut down, timeline 1), pg2 (primary, shut down, timeline 2)" in message


def test_a_stopped_primary_is_not_started_after_another_was_promoted() -> None:
    message = refused(pg1=STOPPED_PRIMARY, pg3=on_timeline(REPLICA, 2))
    assert "another server was promoted after it" in message
    assert "pg3" in message


def test_an_empty_host_does_not_become_primary_beside_a_replica_with_the_data() -> None:
    for replica in (REPLICA, STOPPED_REPLICA):
        message = refused(pg1=None, pg2=replica)
        assert "No server is the primary" in message
        assert "pg2 (replica" in message
        assert "promote" in message


def test_clusters_of_different_systems_stop_the_run() -> None:
    message = refused(pg1=PRIMARY, pg2=replace(STOPPED_PRIMARY, identifier="2"))
    assert "pg1 has 1, pg2 has 2" in message


def test_what_is_no_cluster_stops_the_run() -> None:
    message = refused(pg1=PRIMARY, pg2=Cluster(15, contents="notes.txt"))
    assert "pg2: /var/lib/postgresql/15/main" in message
    assert "notes.txt" in message
    assert "Nothing is ever overwritten" in message


def test_a_server_that_does_not_answer_stops_the_run_unless_it_is_a_replica() -> None:
    mute = replace(PRIMARY, answer=None, silence="too many connections")
    assert "pg2: its server runs, but does not say" in refused(pg1=PRIMARY, pg2=mute)
    assert decided(pg1=PRIMARY, pg2=replace(mute, replica=True)).replicas == ("pg2",)


def test_data_of_a_version_that_is_not_installed_stops_the_run() -> None:
    assert "Install postgresql-13" in refused(pg1=replace(STOPPED_PRIMARY, version=13))


def test_data_of_two_versions_stops_the_run_unless_one_runs() -> None:
    old = replace(STOPPED_PRIMARY, version=13)
    both = replace(EMPTY, installed=frozenset({13, 15}), clusters={13: old, 15: STOPPED_PRIMARY})
    with pytest.raises(TopologyError, match=r"13/main and /var/lib/postgresql/15/main"):
        decide({"pg1": both}, "pg1", {})
    running = replace(both, clusters={13: old, 15: PRIMARY})
    assert decide({"pg1": running}, "pg1", {}).version == 15


def test_different_versions_stop_the_run() -> None:
    newer = ServerState("13", 4 << 30, frozenset({17}))
    with pytest.raises(TopologyError, match="pg1 has 15, pg2 has 17"):
        decide({"pg1": having(PRIMARY), "pg2": newer}, "pg1", {})


def test_a_host_that_was_not_reached_is_told_where_the_primary_was() -> None:
    topology = decided({"pg2": "timed out"}, pg1=PRIMARY)
    assert (topology.primary, topology.replicas) == ("pg1", ())
    assert topology.remarks == ("pg2 was not reached (timed out) and has no part in this run.",)


def test_a_host_that_was_not_reached_may_be_the_primary() -> None:
    for cluster in (None, REPLICA, STOPPED_PRIMARY):
        assert "pg1 was not reached: timed out" in refused({"pg1": "timed out"}, pg2=cluster)


def test_everything_in_the_way_is_listed() -> None:
    message = refused(pg1=Cluster(15, contents="a"), pg2=Cluster(15, contents="b"))
    assert "pg1:" in message and "pg2:" in message


def test_settings_made_by_hand_are_told() -> None:
    altered = replace(PRIMARY, answer=Answer(False, 1, altered={"work_mem": "8MB"}))
    assert "work_mem was set with ALTER SYSTEM" in decided(pg1=altered).remarks[0]
