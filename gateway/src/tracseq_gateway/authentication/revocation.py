"""Tokens that were revoked before they expire."""

import asyncio

from tracseq_gateway.authentication.identity import Identity
from tracseq_gateway.infrastructure.redis import RedisAway, RedisStore

KEY_PREFIX = "tracseq:revoked:"


class RevokedTokens:
    """Looks for ``tracseq:revoked:<jti>`` in Redis; that the key exists revokes the token.

    An answer is taken for some seconds, so that a revocation works within that time.
    Without Redis the last answer stays: users that are at work must get through.
    """

    def __init__(self, redis: RedisStore, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        self._redis = redis
        self._seconds = seconds
        self._loop = loop

    def must_ask(self, identity: Identity) -> bool:
        """Whether the last answer for a token is too old."""
        return (
            bool(identity.token_id)
            and self._redis.configured
            and self._loop.time() - identity.revocation_checked_at > self._seconds
        )

    async def ask(self, identity: Identity) -> None:
        """Look whether the token is revoked and note it with the identity."""
        identity.revocation_checked_at = self._loop.time()
        try:
            identity.revoked = bool(await self._redis.exists(KEY_PREFIX + identity.token_id))
        except RedisAway:
            return
