"""A pool in front of each Postgres server, where the data has one."""

from __future__ import annotations

from tests.plan.conftest import PlannedCopy

POOL = ("--data", "postgres_pool_port=6432")


def test_without_a_port_there_is_none(copy: PlannedCopy) -> None:
    run = copy.plan()
    assert run.code == 0, run.output
    assert not [name for name in run.changes if name.startswith("Pool |")]
    assert "6432" not in run.output


def test_every_postgres_host_has_one(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", *POOL)
    assert run.code == 0, run.output
    assert run.changes["Pool | PgBouncer, once its server takes writes"] == ["@fake/pg1", "@fake/pg2"]
    assert run.changes["Pool | It may ask for the platform's verifier, and no other"] == ["@fake/pg1"]
    assert "listen_port = 6432" in run.output
    assert "local    tracseq_prod  tracseq_admin  peer map=pool" in run.output
    # The pretended hosts are of Debian 12.
    assert "max_prepared_statements" not in run.output


def test_it_leaves_connections_to_others(copy: PlannedCopy) -> None:
    run = copy.plan(*POOL, "--data", "postgres_pool_size=95")
    assert run.code != 0
    assert "postgres_pool_size (in group_data/postgres.py) is 95, and can be at most 90" in run.output


def test_more_gateways_than_postgres_has_connections(copy: PlannedCopy) -> None:
    assert copy.plan("--data", "gateway_workers=2").code != 0
    assert copy.plan("--data", "gateway_workers=2", *POOL).code == 0
    run = copy.plan("--data", "gateway_workers=20", *POOL)
    assert run.code != 0
    assert "at most 995: postgres_pool_clients" in run.output
