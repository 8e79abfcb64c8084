"""Whether Postgres can be upgraded, and what is left of an upgrade that began, from what the hosts say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from deploys.controller.postgres.upgrade import Upgrade, UpgradeError, decide
from deploys.facts.postgres.state import Answer, Cluster, ServerState
from deploys.facts.postgres.upgrade import Upgrade as UpgradeFact
from deploys.facts.postgres.upgrade import UpgradeState

GB = 1 << 30
HOST = ServerState("13", 4 * GB, frozenset({15, 17}))
PRIMARY = Cluster(15, identifier="1", timeline=3, running=True, answer=Answer(False, 3, followers={"pg2": 4900}))
REPLICA = Cluster(15, identifier="1", timeline=3, replica=True, running=True, answer=Answer(True, 3, position=4900))
STOPPED = replace(PRIMARY, running=False, answer=None, state="shut down")
LINKED = Cluster(15, contents="PG_VERSION base global")
NEW = Cluster(17, identifier="2", timeline=1, running=True, answer=Answer(False, 1))
COPY = Cluster(17, identifier="2", timeline=1, replica=True, running=True, answer=Answer(True, 1))
ROOM = UpgradeState(size=2 * GB, free=9 * GB, relations=1234)
BEGUN = replace(ROOM, begun=(15, 17))
SITE = {"pg1": (PRIMARY,), "pg2": (REPLICA,)}


def decided(
    clusters: Mapping[str, tuple[Cluster, ...]],
    met: dict[str, UpgradeState] | None = None,
    releases: dict[str, str] | None = None,
    installed: dict[str, frozenset[int]] | None = None,
    backed_up: bool = True,
    force: bool = False,
    synchronous: int = 0,
) -> Upgrade:
    servers = {
        name: replace(
            HOST,
            clusters={cluster.version: cluster for cluster in those},
            installed=(installed or {}).get(name, HOST.installed),
        )
        for name, those in clusters.items()
    }
    return decide(
        servers,
        {name: (met or {}).get(name, ROOM) for name in servers},
        dict.fromkeys([*servers, "backup1"], "13") | (releases or {}),
        backed_up,
        force,
        synchronous,
    )


def refused(clusters: Mapping[str, tuple[Cluster, ...]], **given: object) -> str:
    with pytest.raises(UpgradeError, match="no host was changed") as error:
        decided(clusters, **given)  # type: ignore[arg-type]
    return str(error.value)


def test_a_site_that_is_well_is_upgraded() -> None:
    found = decided(SITE)
    assert (found.old, found.new, found.begins, found.replicas) == (15, 17, True, ("pg2",))
    assert (found.topology.primary, found.topology.replicas, found.topology.version) == ("pg1", ("pg2",), 17)
    said = "\n".join(found.found)
    assert "writes wait for about 32 s" in said
    assert "/var/lib/postgresql/15/main.before-17" in said
    assert "indexes are in the order of a collation" not in said


def test_what_costs_time_or_is_lost_is_said() -> None:
    altered = replace(PRIMARY, answer=replace(PRIMARY.answer or Answer(False), altered={"work_mem": "1GB"}))
    said = "\n".join(decided({"pg1": (altered,), "pg2": (REPLICA,)}, met={"pg1": replace(ROOM, reordered=7)}).found)
    assert "7 indexes are in the order of a collation" in said
    assert "not taken along: work_mem" in said
    assert "postgres_synchronous=0" in "\n".join(decided(SITE, synchronous=1).found)
    assert "postgres_synchronous=0" not in said


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"releases": {"backup1": "12"}}, "same Debian release first: pg1 has Debian 13, pg2 has Debian 13, backup1"),
        ({"installed": {"pg2": frozenset({15})}}, "postgresql-17 is not installed on pg2"),
        ({"met": {"pg2": replace(ROOM, free=2 * GB)}}, "pg2 has 2.0 GB free and needs 3.0 GB"),
        ({"met": {"pg1": replace(ROOM, free=1)}}, "pg1 has 1 B free and needs 1.0 GB"),
        ({"met": {"pg1": replace(ROOM, tablespaces=1)}}, "tablespaces"),
        ({"met": {"pg1": replace(ROOM, missing=frozenset({"postgis"}))}}, "extensions that Postgres 17 lacks: postgis"),
        ({"met": {"pg2": replace(ROOM, aside=("/var/lib/postgresql/15/main.before-17",))}}, "an earlier upgrade"),
        ({"backed_up": False}, "--data force=true"),
    ],
)
def test_what_is_in_the_way_is_said_before_anything_is_changed(given: dict[str, object], why: str) -> None:
    assert why in refused(SITE, **given)


def test_a_site_without_backups_is_upgraded_by_force() -> None:
    assert decided(SITE, backed_up=False, force=True).begins


def test_a_replica_that_does_not_stream_is_in_the_way() -> None:
    away = {"pg1": (replace(PRIMARY, answer=Answer(False, 3)),), "pg2": (REPLICA,)}
    assert "does not stream from pg1" in refused(away)
    assert "does not stream from pg1" in refused({"pg1": (PRIMARY,), "pg2": (replace(STOPPED, timeline=2),)})
    assert "both run as the primary" in refused({"pg1": (PRIMARY,), "pg2": (PRIMARY,)})
    assert "data in /var/lib/postgresql/17/main already" in refused(
        {"pg1": (PRIMARY,), "pg2": (REPLICA, replace(NEW, running=False, answer=None))}
    )


@pytest.mark.parametrize("left", [(STOPPED,), (LINKED,), (LINKED, replace(NEW, running=False, answer=None)), (NEW,)])
def test_what_was_interrupted_goes_on(left: tuple[Cluster, ...]) -> None:
    running = left == (NEW,)
    found = decided({"pg1": left, "pg2": (replace(REPLICA, running=False, answer=None),)}, met={"pg1": BEGUN})
    assert (found.old, found.new, found.begins, found.replicas) == (15, 17, False, ("pg2",))
    cluster = found.topology.servers["pg1"].cluster
    assert (cluster is not None and cluster.running) == running
    assert found.topology.servers["pg2"].cluster is None


def test_a_server_that_pg_upgrade_left_behind_is_no_primary() -> None:
    left = {"pg1": (PRIMARY,), "pg2": (replace(REPLICA, running=False, answer=None),)}
    found = decided(left, met={"pg1": replace(BEGUN, left=True)})
    assert (found.old, found.begins, found.topology.primary) == (15, False, "pg1")


def test_where_all_is_done_nothing_is_left_to_do() -> None:
    found = decided({"pg1": (NEW,), "pg2": (COPY,)})
    assert (found.old, found.new, found.begins, found.replicas) == (None, 17, False, ())
    unfinished = decided({"pg1": (NEW,), "pg2": (COPY,)}, met={"pg1": BEGUN})
    assert (unfinished.old, unfinished.replicas) == (15, ())


def test_a_former_primary_beside_an_upgraded_one_is_left_alone() -> None:
    assert "is no replica's" in refused({"pg1": (NEW,), "pg2": (STOPPED,)})


def test_without_a_primary_and_without_one_that_began_nothing_is_done() -> None:
    assert "start it first" in refused({"pg1": (STOPPED,), "pg2": (REPLICA,)})


def test_what_a_host_says_of_it() -> None:
    said = [
        "free\t9000", "begun\t15\t17", "aside\t/var/lib/postgresql/15/main.before-17", "size\t600",
        "counted\t270\t2\t0", "counted\t30\t1\t0", "extension\tpostgis\t",
    ]  # fmt: skip
    assert UpgradeFact().process(said) == UpgradeState(
        (15, 17), False, 600, 9000, 300, 3, 0, frozenset({"postgis"}), ("/var/lib/postgresql/15/main.before-17",)
    )
