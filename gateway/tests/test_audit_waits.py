"""Entries that do not reach the database: since when, and how many are lost, is in the metrics."""

import asyncio
import logging
import time
from pathlib import Path

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.metrics import metric
from support.postgres import PostgresServer
from support.processes import wait_until
from test_audit import SETTINGS, migrate
from tracseq_gateway.audit import trail as trails
from tracseq_gateway.audit.spool import Spool
from tracseq_gateway.audit.trail import AuditTrail
from tracseq_gateway.configuration.settings import load_settings
from tracseq_gateway.infrastructure.database import Database
from tracseq_gateway.metrics.registry import REGISTRY


def test_an_entry_that_waits_gets_older_also_when_no_other_comes(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    server = PostgresServer()
    server.start()
    try:
        url = server.make_database("lims")
        assert migrate(url).returncode == 0
        server.stop()
        gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, DATABASE_URL=url, **SETTINGS)
        assert metric(gateway.url, "gateway_audit_oldest_seconds") == 0
        web.post(f"{gateway.url}/api/samples/1")
        wait_until(lambda: metric(gateway.url, "gateway_audit_oldest_seconds") > 3, "The age")
        server.start()
        wait_until(lambda: metric(gateway.url, "gateway_audit_oldest_seconds") == 0, "The delivery")
        assert len(server.query("SELECT * FROM audit_event", "lims")) == 1
    finally:
        server.stop()
        server.remove()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_entry_that_the_disk_does_not_take_gets_older_too(
    start_gateway: StartGateway, start_upstream: StartUpstream, tmp_path: Path, workers: int
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "audit").write_text("Nothing can be made in here: this is no directory.")
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, GATEWAY_WORKERS=workers, **SETTINGS)
    # The counter is there before it counts: to Prometheus, a first loss is no increase of a series that is new.
    assert metric(gateway.url, "gateway_audit_lost_total") == 0
    web.post(f"{gateway.url}/api/samples/1")
    wait_until(lambda: metric(gateway.url, "gateway_audit_oldest_seconds") > 2, "The age")
    gateway.stop()
    assert "1 audit entries are lost" in gateway.errors.read_text()


def test_what_disk_and_memory_have_no_room_for_is_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in (("DATABASE_URL", "postgres://lims@127.0.0.1:1/lims"), ("JWT_SECRET_KEY", "k" * 40)):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GATEWAY_STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "audit").touch()
    monkeypatch.setattr(trails, "MAX_ENTRIES_IN_MEMORY", 5)
    before = REGISTRY.get_sample_value("gateway_audit_lost_total") or 0

    async def write() -> AuditTrail:
        settings = load_settings()
        trail = AuditTrail(settings, Database(settings))
        trail._lines = [b"%d\n" % number for number in range(8)]
        await trail._write()
        return trail

    with caplog.at_level(logging.ERROR):
        trail = asyncio.run(write())
    assert trail.in_memory == 5
    assert REGISTRY.get_sample_value("gateway_audit_lost_total") == before + 3
    assert "3 audit entries are lost" in caplog.text


def test_the_oldest_of_a_spool_is_that_of_its_first_segment(tmp_path: Path) -> None:
    moments = iter([1_700_000_000_000_000_000, 1_700_000_060_000_000_000])
    spool = Spool(tmp_path, lambda: next(moments))
    assert spool.oldest() is None
    spool.append([b"1\n"])
    assert spool.oldest() == 1_700_000_000
    spool.seal()
    spool.append([b"2\n"])
    assert spool.oldest() == 1_700_000_000
    next(iter(spool.ready())).unlink()
    assert spool.oldest() == 1_700_000_060 < time.time()
