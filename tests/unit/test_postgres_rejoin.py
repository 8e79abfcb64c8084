"""How a former primary becomes a replica, from what the servers and their disks say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deploys.controller.postgres import topology
from deploys.controller.postgres.rejoin import Former, Primary, RejoinError, Way, afterwards, meanwhile, wanted, way
from deploys.controller.postgres.topology import Topology
from deploys.facts.postgres.data_directory import DataDirectory, Directory
from deploys.facts.postgres.state import Answer, Cluster, ServerState
from deploys.facts.postgres.unshared import Unshared, Written

GB = 1 << 30
EMPTY = ServerState("12", 4 << 30, frozenset({15}))
ANSWER = Answer(False, 2, position=6 * GB, history={1: 3 * GB})
NOW = Cluster(15, identifier="1", timeline=2, state="in production", running=True, answer=ANSWER)
CRASHED = Cluster(15, identifier="1", timeline=1, state="in production", checkpoint=2 * GB)
PRIMARY = Primary("pg2", NOW, Directory(size=12 * GB, wal=GB, oldest=GB, free=90 * GB))
FORMER = Former(
    "pg1", CRASHED, Directory(size=10 * GB, wal=GB, free=90 * GB),
    Written(timeline=1, left=3 * GB, end=3 * GB + 5000, commits=7, first="then", last="later", redo=2 * GB),
)  # fmt: skip


def parts(**clusters: Cluster | None) -> Topology:
    servers = {
        name: replace(EMPTY, clusters={cluster.version: cluster} if cluster else {})
        for name, cluster in clusters.items()
    }
    return topology.decide(servers, "pg1", {})


def refused(former: Former = FORMER, primary: Primary = PRIMARY, anew: bool = False) -> str:
    with pytest.raises(RejoinError, match="No host was changed") as error:
        way(former, primary, anew)
    return str(error.value)


def written(**changes: Any) -> Former:
    """The former primary, of whose WAL something else was found."""
    return replace(FORMER, unshared=replace(FORMER.unshared, **changes))


def having(**changes: Any) -> Former:
    """The former primary, of whose data directory something else was found."""
    return replace(FORMER, directory=replace(FORMER.directory, **changes))


def test_every_former_primary_comes_back_or_the_one_that_is_named() -> None:
    replica = replace(NOW, replica=True, answer=Answer(True, 2))
    as_it_is = parts(pg1=CRASHED, pg2=NOW, pg3=CRASHED, pg4=replica)
    assert wanted(as_it_is, {}, None) == ("pg1", "pg3")
    assert wanted(as_it_is, {}, "pg3") == ("pg3",)
    assert wanted(as_it_is, {}, "pg4") == (), "it is a replica already"


@pytest.mark.parametrize(
    ("named", "said"),
    [("pg2", "pg2 is the primary"), ("pg9", "pg9 is no Postgres host"), ("pg3", "pg3 was not reached: no route")],
)
def test_a_name_that_is_none_of_a_former_primary_is_refused(named: str, said: str) -> None:
    with pytest.raises(RejoinError, match=said):
        wanted(parts(pg1=CRASHED, pg2=NOW), {"pg3": "no route"}, named)


def test_without_a_running_primary_nobody_comes_back() -> None:
    with pytest.raises(RejoinError, match="No server runs as the primary"):
        wanted(parts(pg1=CRASHED, pg2=None), {}, None)


def test_until_it_has_come_back_a_host_has_no_part_and_then_it_is_a_replica() -> None:
    as_it_is = parts(pg1=CRASHED, pg2=NOW, pg3=CRASHED, pg4=None)
    before, after = meanwhile(as_it_is, ("pg1", "pg4")), afterwards(as_it_is, ("pg1", "pg4"))
    assert (before.replicas, before.left_alone) == ((), ("pg1", "pg3", "pg4"))
    assert (after.replicas, after.left_alone) == (("pg1", "pg4"), ("pg3",))
    assert after.servers["pg1"].cluster is None, "the limits of its old data are no limits of a replica"


def test_one_that_wrote_more_is_rewound_and_what_only_it_has_is_said() -> None:
    found, sentences = way(FORMER, PRIMARY, False)
    assert found is Way.REWOUND
    assert "Only pg1 has 4.9 kB of WAL" in sentences[0]
    assert "with 7 transactions, committed from then to later: they leave the cluster, and are kept" in sentences[0]
    assert "stays in /var/lib/postgresql/15/main.before-TIME" in sentences[1]
    assert "up to 13 GB there, of 90 GB that are free" in sentences[1]


def test_where_it_has_removed_the_first_of_its_wal_there_may_be_more() -> None:
    said = way(written(removed=True, redo=None), PRIMARY, False)[1][0]
    assert "Only pg1 has 4.9 kB of WAL after that, whose beginning it has removed, with at least 7 transactions" in said
    nothing_left = written(removed=True, redo=None, end=0, commits=0)
    assert "Only pg1 has WAL after that, whose beginning" in way(nothing_left, PRIMARY, False)[1][0]


def test_one_that_ended_in_order_before_the_new_timeline_follows_as_it_is() -> None:
    ended = replace(FORMER, cluster=replace(CRASHED, state="shut down"))
    assert way(ended, PRIMARY, False)[0] is Way.AS_IT_IS


@pytest.mark.parametrize(
    ("former", "said"),
    [
        (written(redo=None), "its WAL from the last checkpoint before 0/C0000000 on was removed"),
        (written(redo=GB - 1), "pg2 has removed its WAL from 0/3FFFFFFF on"),
        (written(left=None), "pg2's timeline does not descend from its own"),
    ],
)
def test_one_that_pg_rewind_cannot_help_is_copied_anew(former: Former, said: str) -> None:
    found, sentences = way(former, PRIMARY, False)
    assert found is Way.COPIED
    assert said in sentences[1]


def test_by_wish_it_is_copied_anew() -> None:
    assert way(FORMER, PRIMARY, True)[0] is Way.COPIED


def test_without_room_it_refuses_with_the_figures_and_what_to_do() -> None:
    said = refused(having(free=12 * GB, kept={"/old": 3 * GB}))
    assert "pg1 has 12 GB free" in said and "13 GB are needed" in said
    assert "/old (3.0 GB)" in said
    assert way(having(free=12 * GB, unfinished=2 * GB), PRIMARY, False)[0] is Way.REWOUND


def test_data_outside_of_its_directory_is_refused() -> None:
    assert "pg_tblspc/16384 is a link or a mount point" in refused(having(elsewhere=("pg_tblspc/16384",)))


def test_one_that_was_promoted_later_is_refused() -> None:
    assert "pg1 was promoted after it" in refused(written(timeline=3))


def test_a_data_directory_is_read() -> None:
    lines = ["free\t900", "unfinished\t20", "unfinished\t", "kept\t30\t/b", "size\t50", "wal\t40"]
    lines += ["oldest\t0000000100000002", "segment\t16777216", "elsewhere\t/a", "copied"]
    assert DataDirectory().process(lines) == Directory(
        50, 40, (1 << 32) + (2 << 24), 900, 20, copied=True, elsewhere=("/a",), kept={"/b": 30}
    )


def test_what_is_only_in_its_wal_is_read() -> None:
    lines = ["timeline\t1", "left\t0/10", "end\t0/20", "commits\t0", "first\t", "last\t", "redo\t0/8"]
    assert Unshared().process(lines) == Written(1, 16, 32, redo=8)
    assert Unshared().process(["timeline\t3"]) == Written(3)
