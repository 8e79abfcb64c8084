"""Which Redis server is the master: Sentinels and servers are believed, and nothing is lost by a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deploys.controller.redis import topology
from deploys.controller.redis.topology import Topology, TopologyError, check_software
from deploys.facts.redis_member import MemberState
from deploys.facts.redis_software import REDIS, VALKEY

ADDRESSES = {"redis1": "10.0.0.41", "redis2": "10.0.0.42", "redis3": "10.0.0.43"}
NEW = MemberState()


def decide(addresses: Mapping[str, str], states: Mapping[str, MemberState], silent: Mapping[str, str]) -> Topology:
    return topology.decide(addresses, states, silent, REDIS)


def state(role: str = "", replicas: int = 0, names: str | None = None, keys: bool = False, **more: Any) -> MemberState:
    server = {"role": role, "connected_slaves": str(replicas), "redis_version": "7.0.15"} if role else {}
    server |= {"db0": "keys=3"} if keys else {}
    sentinel = {"ip": ADDRESSES[names]} if names else {}
    return MemberState(server=server, sentinel=sentinel, **{"has_role": bool(role), **more})


def test_of_a_new_site_the_first_is_the_master_and_begins() -> None:
    parts = decide(ADDRESSES, dict.fromkeys(ADDRESSES, NEW), {})
    assert parts.master == "redis1"
    assert parts.order == ("redis1", "redis2", "redis3")


def test_of_a_new_site_the_one_whose_data_came_back_is_the_master() -> None:
    assert decide(ADDRESSES, {**dict.fromkeys(ADDRESSES, NEW), "redis2": MemberState(data=True)}, {}).master == "redis2"


def test_one_server_that_gets_two_others_stays_the_master() -> None:
    alone = state("master", keys=True, has_role=False)
    parts = decide(ADDRESSES, {"redis1": NEW, "redis2": alone, "redis3": NEW}, {})
    assert parts.master == "redis2"
    assert parts.order[0] == "redis2"


def test_whom_the_sentinels_name_changes_last() -> None:
    states = {
        "redis1": state("slave", names="redis2"),
        "redis2": state("master", 2, names="redis2", keys=True),
        "redis3": state("slave", names="redis2"),
    }
    parts = decide(ADDRESSES, states, {})
    assert parts.master == "redis2"
    assert parts.order == ("redis1", "redis3", "redis2")


def test_a_machine_that_was_made_anew_joins_whom_the_sentinels_name() -> None:
    states = {"redis1": NEW, "redis2": state("master", 1, names="redis2"), "redis3": state("slave", names="redis2")}
    assert decide(ADDRESSES, states, {}).master == "redis2"


def test_an_old_master_that_came_back_is_the_sentinels_business() -> None:
    states = {
        "redis1": state("master", names="redis2", keys=True),
        "redis2": state("master", 1, names="redis2"),
        "redis3": state("slave", names="redis2"),
    }
    parts = decide(ADDRESSES, states, {})
    assert parts.master == "redis2"
    assert "redis1 says that it is the master, too" in parts.remarks[0]


def test_two_masters_without_sentinels_are_a_sentence_with_the_one_to_keep() -> None:
    states = {"redis1": state("master", keys=True), "redis2": state("master", 1, keys=True), "redis3": NEW}
    with pytest.raises(TopologyError, match="Keep redis2, which has the most replicas"):
        decide(ADDRESSES, states, {})


def test_keys_of_a_stranger_are_not_overwritten() -> None:
    states = {
        "redis1": state("master", 1, names="redis1", keys=True),
        "redis2": state("slave", names="redis1"),
        "redis3": state("master", keys=True, has_role=False),
    }
    with pytest.raises(TopologyError, match="redis3 is no replica and holds keys of its own"):
        decide(ADDRESSES, states, {})


def test_one_sentinel_alone_is_not_believed() -> None:
    states = {"redis1": state("master", 1, keys=True), "redis2": state("slave", names="redis2"), "redis3": NEW}
    assert decide(ADDRESSES, states, {}).master == "redis1"


def test_replicas_without_a_master_and_without_sentinels_need_a_hand() -> None:
    states = {"redis1": state("slave"), "redis2": state("slave"), "redis3": NEW}
    with pytest.raises(TopologyError, match="no server is one"):
        decide(ADDRESSES, states, {})


def test_a_host_that_was_not_reached_may_be_the_master() -> None:
    with pytest.raises(TopologyError, match=r"hosts were not reached: redis1 \(no route\)"):
        decide(ADDRESSES, {"redis2": state("slave"), "redis3": NEW}, {"redis1": "no route"})


def test_on_a_first_deploy_nobody_speaks_of_sentinels_that_never_were() -> None:
    with pytest.raises(TopologyError, match=r"no Sentinel has run yet.* were not reached: redis3 \(no route\)"):
        decide(ADDRESSES, {"redis1": NEW, "redis2": NEW}, {"redis3": "no route"})
    alone = state("master", keys=True, has_role=False)
    with pytest.raises(TopologyError, match="no Sentinel has run yet"):
        decide(ADDRESSES, {"redis1": alone, "redis2": NEW}, {"redis3": "no route"})


def test_sentinels_that_were_are_missed() -> None:
    watched = state("slave", watched="10.0.0.41")
    with pytest.raises(TopologyError, match="no majority of Sentinels names a master, and hosts were not reached"):
        decide(ADDRESSES, {"redis2": watched, "redis3": watched}, {"redis1": "no route"})


def test_a_stopped_master_is_still_the_master() -> None:
    stopped = MemberState(has_role=True)
    states = {"redis1": stopped, "redis2": MemberState(has_role=True, follows="10.0.0.41"), "redis3": NEW}
    assert decide(ADDRESSES, states, {}).master == "redis1"


def test_a_master_outside_of_the_site_is_not_followed() -> None:
    elsewhere = MemberState(sentinel={"ip": "10.0.0.49"}, has_role=True)
    with pytest.raises(TopologyError, match=r"name 10\.0\.0\.49 as the master, which is no host"):
        decide(ADDRESSES, dict.fromkeys(ADDRESSES, elsewhere), {})


def test_versions_that_differ_are_said() -> None:
    newer = MemberState(server={"role": "slave", "redis_version": "8.0.2"}, has_role=True)
    states = {"redis1": state("master", 2, names="redis1"), "redis2": state("slave", names="redis1"), "redis3": newer}
    assert "redis3 has 8.0.2" in decide(ADDRESSES, states, {}).remarks[0]


def test_valkeys_version_is_its_own_and_not_that_of_the_redis_that_it_is_like() -> None:
    assert MemberState(server={"redis_version": "7.2.4", "valkey_version": "8.1.1"}).version == "8.1.1"


def test_what_is_to_be_done_names_the_programs_of_the_site() -> None:
    states = {"redis1": state("master", keys=True), "redis2": state("master", 1, keys=True), "redis3": NEW}
    with pytest.raises(
        TopologyError, match=r"disable --now valkey-server.* /var/lib/tracseq-valkey/valkey\.conf there"
    ):
        topology.decide(ADDRESSES, states, {}, VALKEY)


def test_a_host_with_data_of_the_other_software_stops_a_run_also_where_a_limit_leaves_it_out() -> None:
    states = {"redis1": NEW, "redis2": MemberState(data_of_other=True)}
    with pytest.raises(TopologyError, match=r"redis2 has data of Redis in /var/lib/redis, .* is 'valkey'"):
        check_software(states, VALKEY)
    with pytest.raises(TopologyError, match=r"redis2 has data of Valkey in /var/lib/valkey, .* is 'redis'"):
        check_software(states, REDIS)
    check_software(dict.fromkeys(states, NEW), VALKEY)
