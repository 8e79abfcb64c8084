"""The months of the audit table: made ahead, and dropped after the retention."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

from tracseq_gateway.infrastructure.database import Database

MONTHS_AHEAD = 3
NAME = re.compile(r"audit_event_(\d{4})_(\d{2})")
# Any number will do, as long as all gateways take the same; two of them must not make the
# same partition at once.
LOCK = 7_265_119_003

LIST = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_event'::regclass"


def month_of(occurred_at: str) -> date:
    """Return the first day of the month of an entry's time."""
    return datetime.fromisoformat(occurred_at).astimezone(UTC).date().replace(day=1)


def months_later(month: date, count: int) -> date:
    """Return the first day of the month that lies ``count`` months later, or earlier when negative."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


async def make_partitions(database: Database, months: Iterable[date]) -> None:
    """Make the partitions of months that have none."""
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        present = {row[0].rpartition(".")[2] for row in await connection.fetch(LIST)}
        for month in sorted(months):
            name = f"audit_event_{month:%Y_%m}"
            if name not in present:
                await connection.execute(
                    f"CREATE TABLE {name} PARTITION OF audit_event "
                    f"FOR VALUES FROM ('{month} 00:00+00') TO ('{months_later(month, 1)} 00:00+00')"
                )


async def drop_partitions(database: Database, oldest: date) -> list[str]:
    """Drop the partitions of the months before ``oldest`` and return their names."""
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        dropped: list[str] = []
        for row in await connection.fetch(LIST):
            match = NAME.fullmatch(row[0].rpartition(".")[2])
            if match and date(int(match[1]), int(match[2]), 1) < oldest:
                await connection.execute(f"DROP TABLE {match[0]}")
                dropped.append(match[0])
        return dropped


async def keep_partitions(database: Database, retention_months: int) -> list[str]:
    """Make partitions ahead and drop those past the retention; return what was dropped."""
    month = datetime.now(UTC).date().replace(day=1)
    await make_partitions(database, [months_later(month, count) for count in range(MONTHS_AHEAD + 1)])
    return await drop_partitions(database, months_later(month, -retention_months))
