"""The settings of a server, from the site's data and the host's memory."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from deploys.facts.postgres.state import Answer, Cluster
from deploys.roles.postgres import configuration, limits
from deploys.roles.postgres.declaration import Postgres
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

GB = 1 << 30
DATA: dict[str, Any] = {
    "postgres_shared_buffers": None,
    "postgres_effective_cache_size": None,
    "postgres_maintenance_work_mem": None,
    "postgres_work_mem": "4MB",
    "postgres_max_connections": 100,
    "postgres_max_slot_wal_keep_size": "8GB",
    "postgres_synchronous": 0,
    "postgres_maximum_lag": "256MB",
    "postgres_maximum_delay": "1m",
    "postgres_log_slow_statements": "1s",
    "postgres_settings": {},
    "postgres_clients": [],
    "postgres_kernel_settings": {},
}


def postgres(**values: Any) -> Postgres:
    return Postgres.model_validate(DATA | values)


@pytest.mark.parametrize(
    ("memory", "shared", "cache", "maintenance"),
    [
        (GB // 2, "192MB", "512MB", "64MB"),  # the guide's values, where the host has that much
        (1 * GB, "256MB", "1GB", "64MB"),
        (4 * GB, "1GB", "3GB", "256MB"),
        (64 * GB, "16GB", "48GB", "2GB"),
    ],
)
def test_memory_is_derived_from_the_hosts(memory: int, shared: str, cache: str, maintenance: str) -> None:
    assert configuration.memory(postgres(), memory) == {
        "shared_buffers": shared,
        "effective_cache_size": cache,
        "maintenance_work_mem": maintenance,
        "work_mem": "4MB",
    }


def test_a_value_of_the_administrator_decides() -> None:
    assert configuration.memory(postgres(postgres_shared_buffers="3GB"), 4 * GB)["shared_buffers"] == "3GB"


@pytest.mark.parametrize(("number", "setting"), [(0, ""), (1, 'ANY 1 ("pg1", "pg-3")')])
def test_any_of_the_other_hosts_may_have_a_write(number: int, setting: str) -> None:
    data: dict[type[Data], Data] = {Postgres: postgres(postgres_synchronous=number)}
    site = Site(tuple(SiteHost(name, name, frozenset({"postgres"}), data) for name in ("pg1", "pg2", "pg-3")), {})
    assert configuration.synchronous(site, site.host("pg2")) == setting


def test_a_new_kernel_that_keeps_a_little_more_changes_nothing() -> None:
    before, after = 4096 * 1024**2 - 130_000_000, 4096 * 1024**2 - 131_000_000
    assert configuration.memory(postgres(), before) == configuration.memory(postgres(), after)


def cluster(running: int | None, required: int, **altered: str) -> Cluster:
    answer = Answer(False, limits=having(running), altered=altered) if running else None
    return Cluster(15, required=having(required), running=running is not None, answer=answer)


def having(connections: int) -> dict[str, int]:
    return {"max_connections": connections, "max_wal_senders": 10}


@pytest.mark.parametrize(
    ("what", "declared", "primary", "replica", "first", "last", "waits"),
    [
        ("nothing changes", 100, cluster(100, 100), cluster(100, 100), None, 100, False),
        ("a new site", 100, None, None, None, 100, False),
        ("a new replica", 100, cluster(100, 100), None, None, 100, False),
        ("it grows: the replica first", 150, cluster(100, 100), cluster(100, 100), 150, 150, False),
        ("it grows, and the replica has it", 150, cluster(100, 100), cluster(150, 100), None, 150, False),
        ("it shrinks: the primary first", 50, cluster(100, 100), cluster(100, 100), None, 50, True),
        ("it shrank, and the replica stopped to replay", 100, cluster(100, 100), cluster(100, 120), 120, 100, True),
        ("it shrank, and the replica did not start", 100, cluster(100, 100), cluster(None, 120), 120, 100, True),
        ("a stopped replica", 100, cluster(100, 100), cluster(None, 100), None, 100, False),
        (
            "ALTER SYSTEM on the primary",
            100,
            cluster(100, 100, max_connections="120"),
            cluster(100, 100),
            120,
            120,
            False,
        ),
    ],
)
def test_a_replica_never_has_lower_limits_than_its_primary(
    what: str,
    declared: int,
    primary: Cluster | None,
    replica: Cluster | None,
    first: int | None,
    last: int,
    waits: bool,
) -> None:
    found = limits.of_replica(having(declared), primary, replica, restart=True)
    assert found == (having(first) if first else {}, having(last))
    assert limits.shrinks(*found, replica) is waits


@pytest.mark.parametrize(
    ("what", "declared", "primary", "replica", "of_primary", "first", "last"),
    [
        ("nothing changes", 100, cluster(100, 100), cluster(100, 100), 100, None, 100),
        ("a new site", 100, None, None, 100, None, 100),
        ("it grows: the primary's file waits, too", 150, cluster(100, 100), cluster(100, 100), 100, 150, 150),
        ("it grows, and the replica's host has booted", 150, cluster(100, 100), cluster(150, 100), 150, None, 150),
        ("it grows, and the primary's host has booted", 150, cluster(150, 150), cluster(100, 100), 150, 150, 150),
        ("it shrinks: the replica keeps it", 50, cluster(100, 100), cluster(100, 100), 50, None, 100),
        ("it shrinks: a new replica has what its primary runs with", 50, cluster(100, 100), None, 50, None, 100),
        ("it shrank when the primary's host booted", 50, cluster(50, 50), cluster(100, 50), 50, None, 50),
        ("it grows, and the primary is stopped", 150, cluster(None, 100), cluster(100, 100), 100, 150, 150),
    ],
)  # fmt: skip
def test_where_nothing_is_restarted_each_server_may_start_by_itself(
    what: str,
    declared: int,
    primary: Cluster | None,
    replica: Cluster | None,
    of_primary: int,
    first: int | None,
    last: int,
) -> None:
    assert limits.of_primary(having(declared), primary, [replica], restart=False) == having(of_primary)
    found = limits.of_replica(having(declared), primary, replica, restart=False)
    assert found == (having(first) if first else {}, having(last))


def test_values_are_quoted_as_the_file_takes_them() -> None:
    assert configuration.quoted("it's") == "'it''s'"
    assert configuration.quoted("a\\b") == "'a\\\\b'"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"port": "5433"}, "port is decided by a value of its own"),
        ({"primary_conninfo": "host=x"}, "primary_conninfo is decided"),
        ({"max_wal_senders": "many"}, "max_wal_senders is 'many' and must be a whole number"),
        ({"Work Mem": "4MB"}, "String should match pattern"),
    ],
)
def test_settings_that_the_role_decides_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        postgres(postgres_settings=settings)
