"""The gateway's connection to Redis, which may be away at any time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from tracseq_gateway.configuration.settings import Settings

log = logging.getLogger(__name__)

AWAY_SECONDS = 1.0
CONNECTIONS = 32
"""Of one process. Redis runs one command at a time, so that more connections would not make it faster."""
REDIS_ERRORS = (RedisError, OSError, TimeoutError)


class RedisAway(Exception):
    """Redis does not answer now."""


class RedisStore:
    """A client that, once a call has failed, fails for a while without asking again.

    Attributes:
        away: the last call failed.
    """

    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.redis_timeout
        self._asked_again_at = 0.0
        self.away = False
        self._client: Redis | None = None
        if settings.redis_url is not None:
            password = settings.redis_password
            extra: dict[str, Any] = {"password": password.get_secret_value()} if password else {}
            pool = BlockingConnectionPool.from_url(
                settings.redis_url.get_secret_value(),
                **extra,
                max_connections=CONNECTIONS,
                timeout=settings.redis_timeout,
                socket_timeout=settings.redis_timeout,
                socket_connect_timeout=settings.redis_timeout,
                retry=Retry(NoBackoff(), 1),
                health_check_interval=0,
            )
            self._client = Redis.from_pool(pool)

    @property
    def configured(self) -> bool:
        """Whether there is a Redis to ask at all."""
        return self._client is not None

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
        if self._client is None or now < self._asked_again_at:
            raise RedisAway
        if self.away:
            # One caller finds out whether Redis is back; the others do not wait with it.
            self._asked_again_at = now + AWAY_SECONDS
        try:
            async with asyncio.timeout(self._timeout):
                result = await command(self._client)
        except REDIS_ERRORS as error:
            self._note_absence(type(error).__name__)
            raise RedisAway from error
        self._note_presence()
        return result

    def _note_absence(self, reason: str) -> None:
        self._asked_again_at = asyncio.get_running_loop().time() + AWAY_SECONDS
        if not self.away:
            self.away = True
            log.warning("Redis does not answer (%s); this gateway limits by itself until it does.", reason)

    def _note_presence(self) -> None:
        self._asked_again_at = 0.0
        if self.away:
            self.away = False
            log.info("Redis answers again; limits are shared by all gateways.")

    async def check(self) -> dict[str, Any]:
        """Ask Redis for an answer, within its timeout."""
        if self._client is None:
            return {"status": "not configured"}
        try:
            async with asyncio.timeout(self._timeout):
                await self._client.ping()
        except REDIS_ERRORS as error:
            self._note_absence(type(error).__name__)
            return {"status": "down"}
        self._note_presence()
        return {"status": "up"}

    async def stop(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
