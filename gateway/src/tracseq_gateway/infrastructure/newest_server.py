"""Connects to the newest of several Postgres servers: a former primary may come back, and take writes, too."""

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from tracseq_gateway.configuration.database_url import single_host_urls

STAGGER_SECONDS = 1.0
"""After this long the next host is tried beside one that does not answer (RFC 8305 does so with addresses)."""

# A standby is on no timeline of its own: it gives no row.
TIMELINE = """
SELECT system_identifier::text, ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
FROM pg_control_system() WHERE NOT pg_is_in_recovery()
"""


class ServerSucceeded(Exception):
    """The server takes writes, but another one was promoted after it."""


if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # only its stubs are generic


class ServerConnection(Connection):
    """A connection that knows which server it leads to."""

    __slots__ = ("system", "timeline")

    system: str
    """The identifier of the server and of all copies of its data; empty of a standby."""
    timeline: int


class NewestServer:
    """The servers of one address.

    Args:
        url: the address, with one host or several.
        heard: a directory where this host keeps what it has heard of promotions: a file a
            Postgres system, named after its identifier, that begins with the highest timeline.
    """

    def __init__(self, url: str, heard: Path | None) -> None:
        self._urls = single_host_urls(url)
        self._heard = heard
        self._newest: dict[str, int] = {}

    async def connect(self, *_: Any, **options: Any) -> ServerConnection:
        """Connect to the first host that serves; the one that served last is tried first.

        Args:
            options: of asyncpg.connect(), as its pool gives them.

        Raises:
            ServerSucceeded: the only servers that serve are former primaries.
            OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InternalClientError: none serves.
        """
        attempts: set[asyncio.Task[ServerConnection]] = set()
        left = list(self._urls)
        problem: BaseException = OSError("There is no host.")
        try:
            while left or attempts:
                if left:
                    attempts.add(asyncio.create_task(self._connect_to(left.pop(0), options)))
                ended, attempts = await asyncio.wait(
                    attempts, timeout=STAGGER_SECONDS if left else None, return_when=asyncio.FIRST_COMPLETED
                )
                for attempt in ended:
                    if (error := attempt.exception()) is None:
                        attempts |= ended - {attempt}
                        return attempt.result()
                    problem = error
        finally:
            await _give_up(attempts)
        raise problem

    def check(self, connection: Any) -> None:
        """Raise where another server is known to have been promoted after the one that a connection leads to.

        Raises:
            ServerSucceeded: it leads to a former primary.
        """
        if connection.system and connection.timeline < self._newest_of(connection.system):
            raise ServerSucceeded

    async def _connect_to(self, url: str, options: dict[str, Any]) -> ServerConnection:
        connection: ServerConnection = await asyncpg.connect(url, **options)
        try:
            row = await connection.fetchrow(TIMELINE)
            connection.system, connection.timeline = (row[0], row[1]) if row else ("", 0)
            self.check(connection)
        except BaseException:
            connection.terminate()
            raise
        self._newest[connection.system] = connection.timeline
        self._urls = [url, *(other for other in self._urls if other != url)]
        return connection

    def _newest_of(self, system: str) -> int:
        heard = 0
        if self._heard is not None:
            with contextlib.suppress(OSError, ValueError, IndexError):
                heard = int((self._heard / system).read_text().split()[0])
        return max(heard, self._newest.get(system, 0))


async def _give_up(attempts: Iterable["asyncio.Task[ServerConnection]"]) -> None:
    """End the attempts that nobody waits for, and close what they have opened."""
    for attempt in attempts:
        attempt.cancel()
    for result in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(result, ServerConnection):
            result.terminate()
