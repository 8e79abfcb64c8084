"""What a restore does, and when it is refused, from what the hosts say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deploys.controller.postgres.restore import RestoreError, Switch, compared, planned, switch, target
from deploys.facts.postgres.state import Answer, Cluster, ServerState
from deploys.facts.restore import PlanState, RestoredState

EMPTY = ServerState("12", 4 << 30, frozenset({15}))
PRIMARY = Cluster(
    15, identifier="7", timeline=2, state="in production", running=True, answer=Answer(False, 2, position=5000)
)
REPLICA = Cluster(15, identifier="7", timeline=2, replica=True, running=True, answer=Answer(True, 2, position=5000))
STOPPED = replace(PRIMARY, running=False, answer=None, state="shut down")
ABOUT: dict[str, Any] = {
    "goal": {},
    "timeline": 3,
    "system": "7",
    "label": "20261123-224512F",
    "size": 10 << 30,
    "committed": "then",
}
THERE, NONE = RestoredState(ABOUT, free=1 << 40), RestoredState(free=1 << 40)
ASIDE = "main.before-20261123T140000Z"


def servers(**clusters: Cluster | None) -> dict[str, ServerState]:
    return {name: replace(EMPTY, clusters={15: cluster} if cluster else {}) for name, cluster in clusters.items()}


def switched(name: str = "pg1", there: RestoredState = THERE, **clusters: Cluster | None) -> Switch:
    return switch(servers(**clusters), {}, {name: there}, name, ASIDE)


def refused(there: RestoredState = THERE, **clusters: Cluster | None) -> str:
    with pytest.raises(RestoreError, match="No host was changed") as error:
        switched("pg1", there, **clusters)
    return str(error.value)


def test_it_is_beside_the_primary_unless_another_is_named_or_has_it() -> None:
    pair = servers(pg1=PRIMARY, pg2=REPLICA)
    assert target(pair, {"pg1": NONE, "pg2": NONE}, None) == "pg1"
    assert target(pair, {"pg1": NONE, "pg2": THERE}, None) == "pg2"
    assert target(pair, {"pg1": NONE, "pg2": NONE}, "pg2") == "pg2"
    assert target(servers(pg1=STOPPED, pg2=REPLICA), {}, None) == "pg1"
    with pytest.raises(RestoreError, match="name it with --data to=NAME"):
        target(servers(pg1=None, pg2=None), {}, None)


def test_a_switch_says_what_it_does_and_costs() -> None:
    found = switched(pg1=PRIMARY, pg2=REPLICA)
    assert found.waits
    assert (found.topology.primary, found.topology.replicas) == ("pg1", ("pg2",))
    assert "pg1 is the primary on timeline 2; pg1 has a restored cluster on timeline 3" in found.found[0]
    assert f"its data stays in /var/lib/postgresql/15/{ASIDE}" in found.found[1]


def test_a_switch_that_was_interrupted_is_finished_and_one_that_was_made_is_nothing() -> None:
    assert switched(pg1=None, pg2=REPLICA).topology.primary == "pg1"
    for own in (replace(STOPPED, timeline=3), PRIMARY):
        assert not switched(there=NONE, pg1=own, pg2=REPLICA).waits
    assert "make one first" in refused(NONE, pg1=REPLICA, pg2=PRIMARY)


def test_a_timeline_that_others_know_is_refused() -> None:
    promoted = replace(PRIMARY, answer=Answer(False, 3, position=5000))
    assert "a server was promoted since" in refused(pg1=promoted, pg2=REPLICA)
    assert "a server was promoted since" in refused(replace(THERE, known={"7": 3}), pg1=PRIMARY, pg2=REPLICA)
    assert switched(there=replace(THERE, known={"7": 2, "8": 9}), pg1=PRIMARY).waits


def test_a_cluster_of_another_system_is_refused() -> None:
    assert "of another system than the data of pg1" in refused(pg1=replace(PRIMARY, identifier="8"))


def test_without_room_for_a_second_copy_a_replica_is_named() -> None:
    restored = {"pg1": THERE, "pg2": RestoredState(free=100 << 20)}
    with pytest.raises(RestoreError, match=r"pg2 has 100 MB free in .* needs 10 GB"):
        switch(servers(pg1=PRIMARY, pg2=REPLICA), {}, restored, "pg1", ASIDE)


def test_two_primaries_are_refused() -> None:
    assert "both run as the primary" in refused(pg1=PRIMARY, pg2=PRIMARY)


def test_making_one_needs_room_and_a_backup() -> None:
    plan = PlanState(label="20261123-224512F", stopped=1.0, size=10 << 30, timeline=2, until=2.0)
    said = planned(plan, NONE, 15, "pg1", "backup1", "pg1")
    assert "pg1 takes writes meanwhile and afterwards: nothing is switched" in said[1]
    with pytest.raises(RestoreError, match=r"pg1 has 100 MB free for .* needs 10 GB"):
        planned(plan, RestoredState(free=100 << 20), 15, "pg1", "backup1", "pg1")
    with pytest.raises(RestoreError, match="backup1: There is no backup"):
        planned(PlanState("There is no backup in /srv."), NONE, 15, "pg1", "backup1", "pg1")


def test_tables_that_differ_come_first() -> None:
    lines = compared({"lims": {"public.a": 1, "public.z": 5}}, {"lims": {"public.a": 1, "public.y": 2}})
    assert lines == [
        "lims.public.y: no table restored, 2 rows now   <--",
        "lims.public.z: 5 rows restored, no table now   <--",
        "lims.public.a: 1 rows restored, 1 rows now",
    ]
