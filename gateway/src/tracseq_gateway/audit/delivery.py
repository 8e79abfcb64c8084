"""Brings segments from the disk to Postgres, each entry exactly once."""

import asyncio
import json
import logging
import shutil
from datetime import date
from pathlib import Path

import asyncpg

from tracseq_gateway.audit.partitions import make_partitions, month_of
from tracseq_gateway.audit.spool import Spool
from tracseq_gateway.infrastructure.database import DATABASE_ERRORS, Database

log = logging.getLogger(__name__)

BATCH_ENTRIES = 1000
BATCH_SECONDS = 15.0

# An entry that was written before its delivery was known to have worked comes a second time
# with the same key, and is not written again.
INSERT = """
INSERT INTO audit_event (occurred_at, id, request_id, trace_id, user_id, tenant_id, roles, client_address,
                         method, service, path, status, cause, duration, gateway)
SELECT occurred_at, id, request_id, trace_id, user_id, tenant_id, roles, client_address,
       method, service, path, status, cause, duration, gateway
FROM jsonb_to_recordset($1::jsonb) AS entry(
    occurred_at timestamptz, id uuid, request_id text, trace_id text, user_id text, tenant_id text, roles text,
    client_address text, method text, service text, path text, status integer, cause text,
    duration double precision, gateway text)
ON CONFLICT (occurred_at, id) DO NOTHING
"""


class Undeliverable(Exception):
    """The database does not take entries now; the message says why."""


class AuditDelivery:
    """Delivers sealed segments in the order of their age."""

    def __init__(self, spool: Spool, database: Database) -> None:
        self._spool = spool
        self._database = database

    async def deliver_all(self) -> None:
        """Deliver every sealed segment and delete it.

        Raises:
            Undeliverable: the database does not take them; what is left stays on disk.
        """
        for segment in await asyncio.to_thread(self._spool.ready):
            with self._spool.claim(segment) as mine:
                if mine:
                    await self._deliver(segment)

    async def _deliver(self, segment: Path) -> None:
        lines = (await asyncio.to_thread(segment.read_bytes)).splitlines()
        for start in range(0, len(lines), BATCH_ENTRIES):
            batch = lines[start : start + BATCH_ENTRIES]
            try:
                await self._insert(batch)
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
                await self._repair(batch, segment)
        await asyncio.to_thread(segment.unlink)

    async def _repair(self, batch: list[bytes], segment: Path) -> None:
        # A power cut may leave half a line; a late entry may lie in a month without partition.
        entries = [entry for line in batch if (entry := _parsed(line)) is not None]
        if len(entries) < len(batch):
            log.error("%d audit entries in %s are not whole.", len(batch) - len(entries), segment.name)
        try:
            await self._make_partitions({month_of(entry["occurred_at"]) for entry in entries})
            await self._insert([json.dumps(entry).encode() for entry in entries])
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            rejected = segment.with_suffix(".rejected")
            await asyncio.to_thread(shutil.copyfile, segment, rejected)
            log.error("Postgres refuses audit entries (%s); they are kept in %s.", error.sqlstate, rejected)

    async def _make_partitions(self, months: set[date]) -> None:
        try:
            await make_partitions(self._database, months)
        except DATABASE_ERRORS as error:
            raise Undeliverable(type(error).__name__) from error

    async def _insert(self, lines: list[bytes]) -> None:
        if not lines:
            return
        document = (b"[" + b",".join(lines) + b"]").decode("utf-8", "replace")
        try:
            async with asyncio.timeout(BATCH_SECONDS):
                await self._database.pool.execute(INSERT, document)
        except asyncpg.ReadOnlySQLTransactionError as error:
            # This server was the primary once; the next connection looks for the new one.
            await self._database.forget_connections()
            raise Undeliverable("the server takes no writes") from error
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
            raise Undeliverable(
                "the tables are not those of this release; run: python -m tracseq_gateway migrate"
            ) from error
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            raise
        except DATABASE_ERRORS as error:
            raise Undeliverable(type(error).__name__) from error


def _parsed(line: bytes) -> dict[str, str] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "occurred_at" in entry else None
