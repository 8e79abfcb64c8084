"""Connections to Redis that say so when they broke while nobody used them."""

from collections.abc import Iterable

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as NotConnected


class _Breakable(AbstractConnection):
    """
    A connection that is made anew where it broke since its last command.

    The other end may have been unreachable for longer than TCP's keepalive waits. redis-py looks for the end of the
    stream alone, which a connection that broke has not, and writes; uvloop then raises RuntimeError, which redis-py
    takes for no error of a connection and does not try again.
    """

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Send a command, as redis-py packs it.

        Raises:
            NotConnected: the connection has broken; redis-py has closed it and connects once more.
        """
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise NotConnected("The connection broke while nobody used it.") from error


def breakable(pool: BlockingConnectionPool) -> BlockingConnectionPool:
    """Have a pool make such connections, of the kind that it makes by itself: over TCP, TLS or a Unix socket."""
    kind = pool.connection_class
    pool.connection_class = type(f"Breakable{kind.__name__}", (_Breakable, kind), {})
    return pool
