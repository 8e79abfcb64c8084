"""The gateway's connection to Redis, which may be away at any time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from tracseq_gateway.configuration.settings import Settings, parse_address
from tracseq_gateway.infrastructure.redis_connection import breakable
from tracseq_gateway.infrastructure.redis_encryption import redis_encryption
from tracseq_gateway.infrastructure.sentinels import Address, Sentinels

log = logging.getLogger(__name__)

AWAY_SECONDS = 1.0
LOOKING_SECONDS = 0.25
"""Between two looks for the master; by then a failover is about half done."""
CONNECTIONS = 32
"""Of one process. Redis runs one command at a time, so that more connections would not make it faster."""
REDIS_ERRORS = (RedisError, OSError, TimeoutError)


class RedisAway(Exception):
    """Redis does not answer now."""


class RedisStore:
    """A client that, once a call has failed, fails for a while without asking again.

    Where there are Sentinels, it asks them for the master before the first call, and from one that failed on until
    there is a master that answers; no caller waits for that.

    Attributes:
        away: the last call failed.
    """

    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.redis_timeout
        self._asked_again_at = 0.0
        self.away = False
        self._client: Redis | None = None
        self._master: Address | None = None
        self._asking = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        password = settings.redis_password.get_secret_value() if settings.redis_password else None
        self._encryption = redis_encryption(settings)
        self._options: dict[str, Any] = {
            **({"password": password} if password else {}),
            **self._encryption.options,
            "max_connections": CONNECTIONS,
            "timeout": settings.redis_timeout,
            "socket_timeout": settings.redis_timeout,
            "socket_connect_timeout": settings.redis_timeout,
            "retry": Retry(NoBackoff(), 1),
            "health_check_interval": 0,
        }
        self._sentinels: Sentinels | None = None
        if settings.redis_sentinels:
            self._sentinels = Sentinels(
                [parse_address(text) for text in settings.redis_sentinels],
                settings.redis_master,
                password,
                settings.redis_timeout / 2,
                self._encryption,
            )
        self._url = settings.redis_url.get_secret_value() if settings.redis_url else None
        if self._url is not None:
            self._client = self._made()

    @property
    def configured(self) -> bool:
        """Whether there is a Redis to ask at all."""
        return self._client is not None or self._sentinels is not None

    async def exists(self, key: str) -> int:
        """Return 1 when a key exists and 0 when not.

        Raises:
            RedisAway: Redis does not answer.
        """
        return int(await self._call(lambda client: client.exists(key)))

    async def run_script(self, sha: str, script: str, key: str, arguments: Sequence[float]) -> Any:
        """Run a Lua script with one key; ``sha`` is the script's SHA-1.

        Raises:
            RedisAway: Redis does not answer.
        """

        async def run(client: Redis) -> Any:
            try:
                return await client.evalsha(sha, 1, key, *arguments)
            except NoScriptError:
                return await client.eval(script, 1, key, *arguments)

        return await self._call(run)

    async def _call(self, command: Callable[[Redis], Awaitable[Any]]) -> Any:
        now = asyncio.get_running_loop().time()
        if not self.configured or now < self._asked_again_at or (self.away and self._sentinels):
            raise RedisAway
        if self.away:
            # One caller finds out whether Redis is back; the others do not wait with it.
            self._asked_again_at = now + AWAY_SECONDS
        try:
            async with asyncio.timeout(self._timeout):
                result = await command(await self._connected())
        except REDIS_ERRORS as error:
            self._note_absence(type(error).__name__)
            raise RedisAway from error
        self._note_presence()
        return result

    async def _connected(self) -> Redis:
        """Return a client of the server, of several of the one that the Sentinels name."""
        if self._client is None and self._sentinels is not None:
            async with self._asking:
                # Those that waited here have it from the one that asked.
                if self._client is None:
                    self._follow(await self._sentinels.master())
        if self._client is None:
            raise RedisAway
        return self._client

    async def _look(self, sentinels: Sentinels) -> None:
        """Look for the master until one answers, whatever is answered meanwhile."""
        told = ""
        while self.away:
            await asyncio.sleep(LOOKING_SECONDS)
            try:
                self._follow(await sentinels.master())
                # Half of what a call has: one that hangs is about to be replaced.
                async with asyncio.timeout(self._timeout / 2):
                    client = await self._connected()
                    # A server that was the master may not know yet that it is one no more.
                    if (await client.role())[0] in ("master", b"master"):
                        self._note_presence()
            except (RedisAway, *REDIS_ERRORS):
                continue
            except Exception as error:
                if (reason := repr(error)) != told:
                    log.error("What Redis or a Sentinel answered was not understood: %s. It is asked again.", reason)
                    told = reason

    def _follow(self, master: Address) -> None:
        if master == self._master:
            return
        log.info("The master of Redis is %s, port %d.", *master)
        # To say farewell to a server that hangs takes a while, and nobody waits for it.
        self._leave(self._client, 0)
        self._master = master
        self._client = self._made()

    def _made(self) -> Redis:
        """Return a client of the server, with connections of its own."""
        if self._master is None:
            pool = BlockingConnectionPool.from_url(self._url or "", **self._options)
        else:
            host, port = self._master
            pool = BlockingConnectionPool(host=host, port=port, **self._options, **self._encryption.of_pool)
        return Redis.from_pool(breakable(pool))

    def _leave(self, client: Redis | None, after: float) -> None:
        async def leave(client: Redis) -> None:
            await asyncio.sleep(after)
            await client.aclose()

        if client is not None:
            closing = asyncio.create_task(leave(client))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    def renew(self) -> None:
        """Have connections made with the certificate as it is, where it has changed; calls under way go on."""
        if not self._encryption.renewed() or self._client is None:
            return
        self._leave(self._client, 2 * self._timeout)
        self._client = self._made()
        log.info("Redis is asked with a new certificate.")

    def _note_absence(self, reason: str) -> None:
        self._asked_again_at = asyncio.get_running_loop().time() + AWAY_SECONDS
        if not self.away:
            self.away = True
            log.warning("Redis does not answer (%s); this gateway limits by itself until it does.", reason)
            if self._sentinels is not None:
                self._looking = asyncio.create_task(self._look(self._sentinels))

    def _note_presence(self) -> None:
        self._asked_again_at = 0.0
        if self.away:
            self.away = False
            log.info("Redis answers again; limits are shared by all gateways.")

    async def check(self) -> dict[str, Any]:
        """Ask Redis for an answer, within its timeout."""
        if not self.configured:
            return {"status": "not configured"}
        if self.away and self._sentinels:
            return {"status": "down"}
        try:
            async with asyncio.timeout(self._timeout):
                client = await self._connected()
                await client.ping()
        except REDIS_ERRORS as error:
            self._note_absence(type(error).__name__)
            return {"status": "down"}
        self._note_presence()
        return {"status": "up"}

    async def stop(self) -> None:
        """Close the connections."""
        if self._looking is not None:
            self._looking.cancel()
        if self._client is not None:
            await self._client.aclose()
