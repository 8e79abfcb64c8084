"""The settings of a server, from the site's data and the host's memory."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from deploys.controller.postgres import configuration
from deploys.settings import model

GB = 1 << 30
DATA: dict[str, Any] = {
    "postgres_shared_buffers": None,
    "postgres_effective_cache_size": None,
    "postgres_maintenance_work_mem": None,
    "postgres_work_mem": "4MB",
    "postgres_max_connections": 100,
    "postgres_max_slot_wal_keep_size": "8GB",
    "postgres_log_slow_statements": "1s",
    "postgres_settings": {},
    "postgres_clients": [],
    "postgres_kernel_settings": {},
}


def postgres(**values: Any) -> model.Postgres:
    return model.Postgres.model_validate(DATA | values)


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


def test_a_new_kernel_that_keeps_a_little_more_changes_nothing() -> None:
    before, after = 4096 * 1024**2 - 130_000_000, 4096 * 1024**2 - 131_000_000
    assert configuration.memory(postgres(), before) == configuration.memory(postgres(), after)


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
