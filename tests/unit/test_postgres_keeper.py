"""Who keeps the servers: what the data asks for, what is found, and when a run refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from deploys.controller.postgres import keeper, move
from deploys.controller.postgres.move import MoveError
from deploys.facts.machine import MachineState
from deploys.facts.postgres.state import Cluster, ServerState
from deploys.roles.etcd import declaration as etcd
from deploys.roles.patroni import declaration as patroni
from deploys.roles.postgres import limits
from deploys.roles.postgres.declaration import Postgres
from deploys.roles.postgres.patroni import shared
from deploys.settings.host import SiteHost
from deploys.settings.shared import Shared
from deploys.settings.site import Site
from tests.unit.status.pretended import DATA, host

WITH_DATA = ServerState("12", clusters={15: Cluster(15)})
PATRONI = MachineState(roles=frozenset({"postgres", "patroni"}))
STREAMING = MachineState(roles=frozenset({"postgres"}))


def site(*extra: str, etcd_hosts: int = 0, **values: Any) -> Site:
    """Two Postgres hosts, with further groups, and some with etcd."""
    members = [
        host("pg1", 31, "postgres", *extra, *(["etcd"] if etcd_hosts > 0 else [])),
        host("pg2", 32, "postgres", *extra, *(["etcd"] if etcd_hosts > 1 else [])),
        host("redis1", 41, "redis", *(["etcd"] if etcd_hosts > 2 else [])),
    ]
    shared = Shared.model_validate(DATA | values)
    return Site(tuple(_with(one, shared) for one in members), {})


def _with(one: SiteHost, shared: Shared) -> SiteHost:
    return replace(one, models={**one.models, Shared: shared})


def test_patroni_keeps_the_postgres_hosts_of_a_site_whose_data_says_so() -> None:
    assert patroni.by_data("one1", {"postgres"}, {"postgres_failover": "patroni"})
    assert not patroni.by_data("one1", {"postgres"}, {"postgres_failover": "manual"})
    assert not patroni.by_data("one1", {"redis"}, {"postgres_failover": "patroni"})


def test_two_postgres_hosts_alone_are_refused_with_the_reason() -> None:
    (sentence,) = patroni.problems(site("patroni"))
    assert "only a majority can" in sentence
    (sentence,) = etcd.problems(site("patroni", etcd_hosts=2))
    assert "only a majority decides" in sentence
    assert not [*patroni.problems(site("patroni", etcd_hosts=3)), *etcd.problems(site("patroni", etcd_hosts=3))]
    assert not list(patroni.problems(site()))


def test_times_that_contradict_each_other_are_refused() -> None:
    wrong = site("patroni", etcd_hosts=3, patroni_ttl="20s", patroni_loop_wait="10s", patroni_retry_timeout="6s")
    (sentence,) = patroni.problems(wrong)
    assert "patroni_loop_wait + 2 * patroni_retry_timeout" in sentence


def test_a_run_does_not_move_the_servers_silently() -> None:
    found = {"pg1": WITH_DATA, "pg2": WITH_DATA}
    machines = {"pg1": PATRONI, "pg2": STREAMING}
    with pytest.raises(PyinfraError, match=r"of pg2 are kept by Debian's units.*deploys/postgres_failover\.py"):
        keeper.check(site("patroni", etcd_hosts=3), machines, found)
    with pytest.raises(PyinfraError, match="of pg1 are kept by Patroni"):
        keeper.check(site(), machines, found)


def test_a_host_without_data_is_begun_with_whom_the_data_names() -> None:
    empty = MachineState()
    keeper.check(
        site("patroni", etcd_hosts=3), {"pg1": PATRONI, "pg2": empty}, {"pg1": WITH_DATA, "pg2": ServerState()}
    )


def test_a_move_says_who_keeps_what_and_whether_there_is_something_to_do() -> None:
    found = {"pg1": WITH_DATA, "pg2": WITH_DATA}
    moved = site("patroni", etcd_hosts=3)
    machines = {"pg1": PATRONI, "pg2": STREAMING, "redis1": MachineState()}
    said, does = move.sentences(moved, machines, found, "pg1")
    assert said == "pg1 is the primary, pg2 follows it. Kept are pg1 by Patroni and pg2 by Debian's units."
    assert does.startswith("Each server is stopped and started by Patroni")
    machines["pg2"] = PATRONI
    assert move.sentences(moved, machines, found, "pg1")[1].endswith("Nothing is moved.")


def test_a_move_needs_all_its_hosts_and_etcd_until_it_is_done() -> None:
    found = {"pg1": WITH_DATA, "pg2": WITH_DATA}
    machines = {"pg1": PATRONI, "pg2": PATRONI}
    with pytest.raises(MoveError, match="redis1: a move needs every host"):
        move.sentences(site("patroni", etcd_hosts=3), machines, found, "pg1")
    with pytest.raises(MoveError, match="must keep its group etcd"):
        move.sentences(site(), machines, found, "pg1")


def test_what_the_members_share_is_what_etcd_gives_back() -> None:
    moved = site("patroni", etcd_hosts=3)
    said = shared(moved, limits.declared(moved, moved.host("pg1").data(Postgres)))
    assert json.loads(json.dumps(said)) == said
    assert said["slots"].keys() == {"pg1", "pg2"}
    assert said["postgresql"]["parameters"]["max_connections"] == DATA["postgres_max_connections"]
    assert said["loop_wait"] + 2 * said["retry_timeout"] <= said["ttl"]
