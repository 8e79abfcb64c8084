"""The gateway's connection to Redis, which may be away at any time."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tracseq_gateway.configuration.settings import Settings

REDIS_ERRORS = (RedisError, OSError, TimeoutError)


class RedisStore:
    """A client whose calls fail soon when Redis is away.

    Attributes:
        client: the client, or None where no Redis is configured.
    """

    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.redis_timeout
        self.client: Redis | None = None
        if settings.redis_url is not None:
            password = settings.redis_password
            extra: dict[str, Any] = {"password": password.get_secret_value()} if password else {}
            self.client = Redis.from_url(
                settings.redis_url.get_secret_value(),
                **extra,
                socket_timeout=settings.redis_timeout,
                socket_connect_timeout=settings.redis_timeout,
                retry=Retry(NoBackoff(), 1),
                health_check_interval=0,
            )

    async def check(self) -> dict[str, Any]:
        """Ask Redis for an answer, within its timeout."""
        if self.client is None:
            return {"status": "not configured"}
        try:
            async with asyncio.timeout(2 * self._timeout):
                await self.client.ping()
        except REDIS_ERRORS:
            return {"status": "down"}
        return {"status": "up"}

    async def stop(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.aclose()
