"""Takes entries from requests and sees that they reach the database."""

import asyncio
import logging
import socket
from time import time

from tracseq_gateway.audit.delivery import AuditDelivery, Undeliverable
from tracseq_gateway.audit.entry import CHANGING_METHODS, entry_line
from tracseq_gateway.audit.partitions import keep_partitions
from tracseq_gateway.audit.spool import Spool
from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.infrastructure.database import DATABASE_ERRORS, Database
from tracseq_gateway.metrics import registry
from tracseq_gateway.record import RequestRecord

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
PARTITION_SECONDS = 6 * 3600.0
PARTITION_RETRY_SECONDS = 1.0
LAST_DELIVERY_SECONDS = 5.0
MAX_ENTRIES_IN_MEMORY = 200_000


class AuditTrail:
    """Writes entries to the spool at an interval, and delivers the spool."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._interval = settings.audit_flush_interval
        self._retention = settings.audit_retention_months
        self._database = database
        self._spool = Spool(settings.gateway_state_directory / "audit")
        self._delivery = AuditDelivery(self._spool, database)
        self._hostname = socket.gethostname()
        self._lines: list[bytes] = []
        self._away = False
        self._unwritable_since: float | None = None
        self._on_disk = 0
        self._oldest_on_disk: float | None = None
        self._spool_in_use = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def request_ended(self, record: RequestRecord, seconds: float) -> None:
        """Take the entry of a request, when it is one that may have changed something."""
        if record.request.method in CHANGING_METHODS:
            self._lines.append(entry_line(record, self._hostname, seconds))

    @property
    def in_memory(self) -> int:
        """How many entries are not on disk yet."""
        return len(self._lines)

    @property
    def on_disk(self) -> int:
        """How many entries are on disk and not in the database, as of the last look."""
        return self._on_disk

    @property
    def waits(self) -> float:
        """For how many seconds the oldest entry that is not in the database has waited, as of the last look."""
        since = [moment for moment in (self._unwritable_since, self._oldest_on_disk) if moment is not None]
        return max(0.0, time() - min(since)) if since else 0.0

    @property
    def away(self) -> bool:
        """Whether the last delivery failed."""
        return self._away

    def start(self) -> None:
        """Begin to write and deliver."""
        self._tasks = [
            asyncio.create_task(self._keep_writing()),
            asyncio.create_task(self._keep_delivering()),
            asyncio.create_task(self._keep_partitions()),
        ]

    async def stop(self) -> None:
        """Write what was taken to the disk, and deliver it when the database is there."""
        # Not cancelled while it writes: whether entries have reached the disk must be known.
        async with self._spool_in_use:
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._write()
        if self._lines:
            log.error("%d audit entries are lost: they could not be written before the end.", len(self._lines))
        try:
            async with asyncio.timeout(LAST_DELIVERY_SECONDS):
                await self._deliver()
        except TimeoutError:
            log.warning("Audit entries stay on disk; they are delivered at the next start.")

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self._write()
            except Exception:
                log.exception("The audit trail could not be written; it is tried again.")

    async def _keep_delivering(self) -> None:
        while True:
            await asyncio.sleep(RETRY_SECONDS if self._away else self._interval)
            try:
                await self._deliver()
            except Exception:
                log.exception("The audit trail could not be delivered; it is tried again.")

    async def _write(self) -> None:
        async with self._spool_in_use:
            lines, self._lines = self._lines, []
            if not lines:
                return
            try:
                await asyncio.to_thread(self._spool.append, lines)
            except OSError as error:
                self._keep_in_memory(lines, error)
                return
            self._unwritable_since = None
            await self._look()

    async def _look(self) -> None:
        self._on_disk, self._oldest_on_disk = await asyncio.to_thread(self._spool.state)

    def _keep_in_memory(self, lines: list[bytes], error: OSError) -> None:
        self._lines = lines + self._lines
        lost = len(self._lines) - MAX_ENTRIES_IN_MEMORY
        if lost > 0:
            del self._lines[:lost]
            registry.AUDIT_LOST.inc(lost)
            log.error("%d audit entries are lost: the disk and the memory for them are full.", lost)
        if self._unwritable_since is None:
            self._unwritable_since = time()
            log.error("GATEWAY_STATE_DIRECTORY cannot be written (%s); audit entries stay in memory.", error.strerror)

    async def _deliver(self) -> None:
        try:
            # While nothing can be delivered, one large segment is better than many small ones.
            async with self._spool_in_use:
                await asyncio.to_thread(self._spool.prepare, seal=not self._away)
            await self._delivery.deliver_all()
        except Undeliverable as error:
            if not self._away:
                self._away = True
                log.warning("The audit trail cannot be delivered (%s); it is kept on disk.", error)
        except OSError as error:
            log.error("The audit trail on disk cannot be read (%s).", error.strerror)
        else:
            if self._away:
                self._away = False
                log.info("The audit trail is delivered again.")
        async with self._spool_in_use:
            await self._look()

    async def _keep_partitions(self) -> None:
        while True:
            try:
                dropped = await keep_partitions(self._database, self._retention)
            except DATABASE_ERRORS:
                await asyncio.sleep(PARTITION_RETRY_SECONDS)
                continue
            for name in dropped:
                log.info("%s was dropped: it is older than AUDIT_RETENTION_MONTHS allows.", name)
            await asyncio.sleep(PARTITION_SECONDS)
