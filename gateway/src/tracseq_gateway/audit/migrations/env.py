"""Alembic's environment: the gateway's own database address and driver, several hosts included."""

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from tracseq_gateway.configuration.settings import load_settings

# Two hosts may be deployed at once; the second waits and then finds nothing left to do.
LOCK = 7_265_119_004


def migrate(connection: Connection) -> None:
    """Run the revisions in one transaction."""
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        context.run_migrations()


async def connect_and_migrate() -> None:
    """Connect as the gateway does and migrate."""
    settings = load_settings()
    url = settings.database_url.get_secret_value()
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(url, timeout=settings.db_connection_timeout),
        echo=settings.enable_sql_logging,
    )
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(connect_and_migrate())
