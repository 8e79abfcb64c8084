"""The audit trail: whole and nothing twice, whatever happens to Postgres or to the gateway."""

import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import tracseq_gateway
from conftest import StartGateway, StartUpstream
from support import web
from support.gateway import GatewayProcess, environment
from support.postgres import PostgresServer
from support.processes import wait_until
from support.tokens import bearer, make_token

SETTINGS = {"AUDIT_FLUSH_INTERVAL": 0.1}


def migrate(url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tracseq_gateway", "migrate"],
        env=environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """A database with the gateway's tables; its name."""
    name = f"lims_{uuid.uuid4().hex[:8]}"
    result = migrate(postgres.make_database(name))
    assert result.returncode == 0, result.stderr
    return name


def change(gateway: GatewayProcess, numbers: range) -> list[str]:
    """Send changing requests and return their identifiers."""
    identifiers = [f"change-{number}" for number in numbers]
    with httpx.Client(headers=bearer()) as client:
        for identifier in identifiers:
            reply = client.post(
                f"{gateway.url}/api/samples", headers={"X-Request-ID": identifier}, json={"barcode": identifier}
            )
            assert reply.status_code == 200
    return identifiers


def recorded(postgres: PostgresServer, database: str) -> Counter[str]:
    return Counter(row[0] for row in postgres.query("SELECT request_id FROM audit_event", database))


@pytest.fixture
def upstream_url(start_upstream: StartUpstream) -> str:
    upstream = start_upstream()
    return upstream.url


def test_changes_are_recorded_and_reads_are_not(
    start_gateway: StartGateway, upstream_url: str, postgres: PostgresServer, database: str
) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=postgres.url(database), PUBLIC_ROUTES="", **SETTINGS
    )
    web.get(f"{gateway.url}/api/samples/1", headers=bearer())
    web.put(
        f"{gateway.url}/api/samples/1?token=hidden",
        headers=bearer(make_token(roles=["b", "a"])) | {"X-Request-ID": "request-1"},
    )
    web.delete(f"{gateway.url}/api/samples/1", headers={"X-Request-ID": "request-2"})
    wait_until(lambda: len(recorded(postgres, database)) == 2, "The entries' arrival")
    rows: dict[str, Any] = {row["request_id"]: row for row in postgres.query("SELECT * FROM audit_event", database)}
    known, refused = rows["request-1"], rows["request-2"]
    assert (known["user_id"], known["tenant_id"], known["roles"]) == ("user-1", "lab-7", "a,b")
    assert (known["method"], known["path"], known["service"]) == ("PUT", "/api/samples/1", "sample")
    assert (known["status"], known["client_address"]) == (200, "127.0.0.1")
    assert known["duration"] > 0
    assert (refused["status"], refused["user_id"], refused["cause"]) == (401, None, "token")


def test_while_postgres_is_away_entries_wait_on_disk_and_come_once(
    start_gateway: StartGateway, upstream_url: str
) -> None:
    server = PostgresServer()
    server.start()
    try:
        url = server.make_database("lims")
        assert migrate(url).returncode == 0
        gateway = start_gateway(SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=url, **SETTINGS)
        expected = change(gateway, range(20))
        wait_until(lambda: len(recorded(server, "lims")) == 20, "The entries' arrival")
        server.stop()
        expected += change(gateway, range(20, 60))
        wait_until(lambda: _backlog(gateway) == 40, "The spool")
        # Neither an end in good order nor one by force loses what is on disk.
        gateway.stop(signal.SIGKILL)
        second = start_gateway(SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=url, **SETTINGS)
        expected += change(second, range(60, 80))
        assert second.stop() == 0
        third = start_gateway(SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=url, **SETTINGS)
        server.start()
        expected += change(third, range(80, 90))
        wait_until(lambda: len(recorded(server, "lims")) == 90, "The entries' arrival")
        assert recorded(server, "lims") == Counter(expected)
        wait_until(lambda: _backlog(third) == 0, "The empty spool")
        third.stop()
    finally:
        server.stop()
        server.remove()


def _backlog(gateway: GatewayProcess) -> int:
    return int(web.get(f"{gateway.url}/health/detailed").json()["audit"]["on_disk"])


def test_what_was_delivered_and_is_delivered_again_is_there_once(
    start_gateway: StartGateway, upstream_url: str, postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    """A gateway may die after the insert and before it has deleted the segment."""
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL="postgres://lims@127.0.0.1:1/lims", **SETTINGS
    )
    expected = change(gateway, range(5))
    gateway.stop()
    (segment,) = (tmp_path / "state" / "audit").glob("*.ready")
    saved = segment.read_bytes()
    for _ in range(2):
        # Half a line at the end is what a power cut leaves.
        segment.write_bytes(saved + saved.splitlines()[0][:30])
        gateway = start_gateway(SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=postgres.url(database), **SETTINGS)
        wait_until(lambda: not segment.exists(), "The delivery")
        gateway.stop()
    assert recorded(postgres, database) == Counter(expected)


@pytest.fixture
def pair() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary and its standby."""
    primary = PostgresServer()
    primary.start()
    standby = primary.make_standby()
    yield primary, standby
    standby.stop()
    standby.remove()
    primary.remove()


def test_a_promoted_primary_is_followed_without_a_restart(
    start_gateway: StartGateway, upstream_url: str, pair: tuple[PostgresServer, PostgresServer]
) -> None:
    primary, standby = pair
    url = f"postgres://lims@127.0.0.1:{standby.port},127.0.0.1:{primary.port}/postgres?target_session_attrs=read-write"
    result = migrate(url)
    assert result.returncode == 0, result.stderr
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=url, **SETTINGS)
    expected = change(gateway, range(10))
    wait_until(lambda: len(recorded(standby, "postgres")) == 10, "The entries' arrival")
    primary.stop()
    expected += change(gateway, range(10, 20))
    standby.promote()
    expected += change(gateway, range(20, 30))
    wait_until(lambda: len(recorded(standby, "postgres")) == 30, "The entries' arrival")
    assert recorded(standby, "postgres") == Counter(expected)
    assert web.get(f"{gateway.url}/health/detailed").json()["database"]["status"] == "up"


def identifier(server: PostgresServer) -> str:
    """The identifier that a server and all copies of its data have."""
    (row,) = server.query("SELECT system_identifier::text FROM pg_control_system()")
    return str(row[0])


def test_of_two_primaries_the_one_that_was_promoted_last_is_written_to(
    start_gateway: StartGateway, upstream_url: str, pair: tuple[PostgresServer, PostgresServer], tmp_path: Path
) -> None:
    old, new = pair
    url = f"postgres://lims@127.0.0.1:{old.port},127.0.0.1:{new.port}/postgres?target_session_attrs=read-write"
    assert migrate(url).returncode == 0
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=url, DB_PROMOTIONS=str(tmp_path), **SETTINGS)
    change(gateway, range(10))
    wait_until(lambda: len(recorded(new, "postgres")) == 10, "The entries' arrival")
    new.promote()
    # Both take writes, and the gateway has connections to the old one: it hears from its host.
    (tmp_path / identifier(new)).write_text("2 pg2 1700000000\n")
    later = change(gateway, range(10, 20))
    wait_until(lambda: len(recorded(new, "postgres")) == 20, "The entries' arrival")
    assert not recorded(old, "postgres").keys() & set(later)
    old.stop()


def test_a_former_primary_that_comes_back_is_not_written_to(
    start_gateway: StartGateway, upstream_url: str, pair: tuple[PostgresServer, PostgresServer]
) -> None:
    old, new = pair
    url = f"postgres://lims@127.0.0.1:{old.port},127.0.0.1:{new.port}/postgres?target_session_attrs=read-write"
    assert migrate(url).returncode == 0
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=url, **SETTINGS)
    change(gateway, range(10))
    wait_until(lambda: len(recorded(new, "postgres")) == 10, "The entries' arrival")
    old.stop()
    new.promote()
    change(gateway, range(10, 20))
    wait_until(lambda: len(recorded(new, "postgres")) == 20, "The entries' arrival")
    new.stop()
    old.start()
    later = change(gateway, range(20, 30))
    wait_until(lambda: web.get(f"{gateway.url}/health/detailed").json()["database"]["status"] == "down", "The refusal")
    new.start()
    wait_until(lambda: len(recorded(new, "postgres")) == 30, "The entries' arrival")
    assert not recorded(old, "postgres").keys() & set(later)
    old.stop()


def test_while_no_server_takes_writes_the_gateway_waits_without_an_error_of_its_own(
    start_gateway: StartGateway, upstream_url: str, pair: tuple[PostgresServer, PostgresServer]
) -> None:
    """asyncpg has a class of its own for that, which is none of its errors of the database."""
    primary, standby = pair
    assert migrate(primary.url()).returncode == 0
    url = standby.url() + "?target_session_attrs=read-write"
    wait_until(lambda: standby.query("SELECT 1 FROM pg_tables WHERE tablename = 'audit_event'"), "The tables' copy")
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream_url, DATABASE_URL=url, **SETTINGS)
    expected = change(gateway, range(10))
    wait_until(lambda: "cannot be reached (TargetServerAttributeNotMatched)" in gateway.errors.read_text(), "A refusal")
    standby.promote()
    wait_until(lambda: len(recorded(standby, "postgres")) == 10, "The entries' arrival")
    assert recorded(standby, "postgres") == Counter(expected)
    assert "Traceback" not in gateway.errors.read_text()


def test_months_are_made_ahead_and_dropped_after_the_retention(
    start_gateway: StartGateway, upstream_url: str, postgres: PostgresServer, database: str
) -> None:
    postgres.query(
        "CREATE TABLE audit_event_2001_02 PARTITION OF audit_event FOR VALUES FROM ('2001-02-01') TO ('2001-03-01')",
        database,
    )
    start_gateway(DATABASE_URL=postgres.url(database), AUDIT_RETENTION_MONTHS=6)

    def months() -> list[str]:
        rows = postgres.query(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_event'::regclass ORDER BY 1",
            database,
        )
        return [row[0] for row in rows]

    wait_until(lambda: len(months()) == 4 and "audit_event_2001_02" not in months(), "The partitions")


def downgrade(url: str, revision: str) -> "subprocess.CompletedProcess[str]":
    configuration = Path(tracseq_gateway.__file__).parent / "audit/alembic.ini"
    return subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(configuration), "downgrade", revision],
        env=environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_migrations_are_taken_back_by_alembic_all_of_them_or_none(postgres: PostgresServer, database: str) -> None:
    tables = "SELECT column_name FROM information_schema.columns WHERE table_name = 'audit_event'"
    before = postgres.query(tables, database)
    postgres.query("CREATE VIEW by_user AS SELECT user_id FROM audit_event", database)
    failed = downgrade(postgres.url(database), "base")
    # The last of its steps: the view needs the table, the column of the step before is gone by then.
    assert failed.returncode != 0
    assert "by_user" in failed.stderr
    assert postgres.query("SELECT version_num FROM alembic_version", database)[0][0] == "0002"
    assert postgres.query(tables, database) == before
    postgres.query("DROP VIEW by_user", database)
    done = downgrade(postgres.url(database), "base")
    assert done.returncode == 0, done.stderr
    assert postgres.query(tables, database) == []
    assert migrate(postgres.url(database)).returncode == 0
    assert postgres.query(tables, database) == before


def test_migrations_can_run_twice_back_and_by_alembic_itself(postgres: PostgresServer, database: str) -> None:
    url = postgres.url(database)
    assert migrate(url).returncode == 0
    import tracseq_gateway.audit

    settings = Path(tracseq_gateway.audit.__file__).with_name("alembic.ini")
    for arguments in (["downgrade", "base"], ["upgrade", "head"], ["current"]):
        result = subprocess.run(
            [sys.executable, "-m", "alembic", "-c", str(settings), *arguments],
            env=environment(DATABASE_URL=url),
            capture_output=True,
            text=True,
            cwd="/",
            timeout=30,
            check=False,
        )
        assert result.returncode == 0, result.stderr
    assert "0002 (head)" in result.stdout
    failed = migrate("postgres://lims:secret-password@127.0.0.1:1/lims")
    assert failed.returncode == 5
    assert "secret-password" not in failed.stderr
