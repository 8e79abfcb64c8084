"""How Redis and the gateways are judged."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from deploys.controller.status import gateways, redis
from deploys.facts.gateway import Gateway, GatewayState
from deploys.facts.redis import Information
from deploys.facts.release_history import Switch
from tests.unit.status.pretended import said, survey

MB = 1 << 20
REDIS = {
    "role": "master",
    "used_memory": str(MB),
    "maxmemory": str(100 * MB),
    "maxmemory_policy": "volatile-lru",
    "connected_clients": "4",
    "maxclients": "10000",
    "rejected_connections": "0",
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
    "uptime_in_seconds": "60",
}
SWITCH = Switch(1_700_000_000, "2.0.0-aaaaaaaaaa", "", "0a1b2c3d4e5f", "somebody@controller-7", back=True)
GATEWAY = GatewayState("2.0.0-aaaaaaaaaa", 1_700_000_000, "12", "200", (SWITCH,))


def test_redis_information_is_read_by_its_fields() -> None:
    found = Information().process(["OK", "# Server", "redis_version:7.0.15", "", "db0:keys=1,expires=0", "slave0:ip=1"])
    assert found == {"redis_version": "7.0.15", "db0": "keys=1,expires=0", "slave0": "ip=1"}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, None),
        ({"used_memory": str(95 * MB)}, "Redis uses 95 MB of 100 MB and may refuse writes"),
        ({"used_memory": str(95 * MB), "maxmemory_policy": "allkeys-lru"}, None),
        ({"maxmemory": "0"}, None),
        ({"aof_last_write_status": "err"}, "Redis could not write to its disk."),
        ({"rdb_last_bgsave_status": "err"}, "Redis could not write to its disk."),
        ({"role": "slave", "master_link_status": "down"}, "Redis has lost its primary."),
    ],
)
def test_redis_that_is_wrong(changed: dict[str, str], sentence: str | None) -> None:
    found = redis.judged(survey("redis", {"redis1": [REDIS | changed]}))
    assert [what.startswith(sentence or "nothing") for _, what in said(found)] == [True] * (sentence is not None)


def test_redis_that_does_not_answer() -> None:
    found = redis.judged(survey("redis", {"redis1": [{}]}))
    assert said(found) == [("redis1", "Redis does not answer.")]
    assert found.values["redis1"] == {"answers": False}


def test_rejected_connections_are_a_remark_as_redis_counts_them_from_its_start() -> None:
    found = redis.judged(survey("redis", {"redis1": [REDIS | {"rejected_connections": "3"}]}))
    assert said(found) == []
    assert "rejected 3 connections" in said(found, wrong=False)[0][1]


def test_a_gateway_is_read_as_its_host_prints_it() -> None:
    switch = f"switch\t{json.dumps(asdict(SWITCH))}"
    lines = ["release\t2.0.0-aaaaaaaaaa\t1700000000", switch, "debian\t12", "answer\t200"]
    assert Gateway().process(lines) == GATEWAY
    assert Gateway().process(["debian\t12"]) == GatewayState(debian="12")


def test_gateways_that_are_well() -> None:
    found = gateways.judged(survey("gateways", {"gw1": [GATEWAY], "gw2": [GATEWAY]}))
    assert list(found.findings) == []
    assert found.values["gw1"]["since"] == "2023-11-14T22:13:20+00:00"
    assert found.values["gw1"]["history"] == [asdict(SWITCH)]
    shown = [cell.text for cell in found.tables[0].rows[0]]
    assert "commit 0a1b2c3d4e5f, rollback by somebody@controller-7" in shown


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "The gateway does not answer."),
        ("000", "The gateway does not answer."),
        ("503", "The gateway answers its health check with HTTP 503."),
    ],
)
def test_a_gateway_that_is_not_well(answer: str | None, sentence: str) -> None:
    ill = GatewayState("2.0.0-aaaaaaaaaa", 1_700_000_000, "12", answer)
    assert said(gateways.judged(survey("gateways", {"gw1": [ill], "gw2": [GATEWAY]}))) == [("gw1", sentence)]


def test_releases_that_differ_on_the_same_debian_are_wrong() -> None:
    other = GatewayState("2.0.0-bbbbbbbbbb", 1_700_000_000, "12", "200")
    [(host, what)] = said(gateways.judged(survey("gateways", {"gw1": [GATEWAY], "gw2": [other]})))
    assert host == ""
    assert "gw1: 2.0.0-aaaaaaaaaa; gw2: 2.0.0-bbbbbbbbbb" in what
    newer = GatewayState("2.0.0-bbbbbbbbbb", 1_700_000_000, "13", "200")
    assert said(gateways.judged(survey("gateways", {"gw1": [GATEWAY], "gw2": [newer]}))) == []
