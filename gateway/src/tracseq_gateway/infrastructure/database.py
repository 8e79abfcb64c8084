"""The gateway's connections to Postgres, which may be away at any time."""

import asyncio
import logging
from typing import Any

import asyncpg

from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.infrastructure.newest_server import NewestServer, ServerConnection, ServerSucceeded

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
CHECK_SECONDS = 3.0
STATEMENTS = 100
"""Prepared statements that a connection keeps, as asyncpg does without a word."""


class DatabaseAway(Exception):
    """There is no connection to the database now."""


DATABASE_ERRORS = (
    DatabaseAway,
    ServerSucceeded,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # Among them that no server of the URL takes writes, as during a failover, and answers that broke off.
    asyncpg.InternalClientError,
)
"""What a call may raise when the database is away or will not do what it is asked."""


class Database:
    """A pool that comes up when the database does, and outlives its absence.

    A connection that finds itself on a server that no longer takes writes, or that another
    one was promoted after, is not used again: ``target_session_attrs=read-write`` leads to
    the promoted primary.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._servers = NewestServer(settings.database_url.get_secret_value(), settings.db_promotions)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opener: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect, without waiting for it."""
        self._opener = asyncio.create_task(self._open())

    async def _open(self) -> None:
        settings = self._settings
        said = False
        while self._pool is None:
            try:
                self._pool = await asyncpg.create_pool(
                    connect=self._servers.connect,
                    setup=self._leave_a_former_primary,
                    connection_class=ServerConnection,
                    min_size=settings.db_pool_min_size,
                    max_size=settings.db_pool_max_size,
                    timeout=settings.db_connection_timeout,
                    command_timeout=settings.db_connection_timeout,
                    # A pooler that gives each transaction another connection of the server may know none of them.
                    statement_cache_size=STATEMENTS if settings.db_prepared_statements else 0,
                    server_settings={"application_name": "tracseq-gateway", "jit": "off"},
                    init=_log_statements if settings.enable_sql_logging else None,
                )
            except (*DATABASE_ERRORS, ValueError) as error:
                if not said:
                    log.warning("The database cannot be reached (%s); trying on.", type(error).__name__)
                    said = True
                await asyncio.sleep(RETRY_SECONDS)
        log.info("The database is connected.")

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The pool.

        Raises:
            DatabaseAway: it has not been possible to connect yet.
        """
        if self._pool is None:
            raise DatabaseAway
        return self._pool

    async def forget_connections(self) -> None:
        """Connect anew from now on, as after a change of the primary."""
        if self._pool is not None:
            await self._pool.expire_connections()

    async def _leave_a_former_primary(self, connection: Any) -> None:
        try:
            self._servers.check(connection)
        except ServerSucceeded:
            # The others lead there, too.
            await self.forget_connections()
            raise

    async def check(self) -> dict[str, Any]:
        """Ask the database a question, within a few seconds, and tell how the pool is used."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                read_only = await self.pool.fetchval(
                    "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"
                )
        except DATABASE_ERRORS:
            return {"status": "down", "pool": self.pool_usage()}
        if read_only:
            await self.forget_connections()
        return {"status": "read-only" if read_only else "up", "pool": self.pool_usage()}

    def pool_usage(self) -> dict[str, int]:
        """Return the pool's connections: open, idle, and the most there may be."""
        pool = self._pool
        return {
            "size": pool.get_size() if pool else 0,
            "idle": pool.get_idle_size() if pool else 0,
            "max": self._settings.db_pool_max_size,
        }

    async def stop(self) -> None:
        """Close the connections, by force when they do not close at once."""
        if self._opener is not None:
            self._opener.cancel()
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._pool.close()
        except DATABASE_ERRORS:
            self._pool.terminate()


async def _log_statements(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    # The statements only: their arguments are what people have done.
    connection.add_query_logger(
        lambda statement: log.info("SQL in %.1f ms: %s", statement.elapsed * 1000, " ".join(statement.query.split()))
    )
