"""Tokens that were revoked before they expire."""

import asyncio
from collections.abc import Awaitable, Callable

from tracseq_gateway.authentication.identity import Identity
from tracseq_gateway.infrastructure.redis import RedisAway

KEY_PREFIX = "tracseq:revoked:"


class RevokedTokens:
    """Looks for ``tracseq:revoked:<jti>`` in Redis; that the key exists revokes the token.

    An answer is taken for some seconds from the moment of asking, so that a revocation works
    within that time. Requests that come while the answer is awaited wait for the same one.
    Without Redis the last answer stays: users that are at work must get through.

    Args:
        exists: tells whether a key exists; it raises RedisAway where nobody knows. None where
            there is no Redis to ask.
        seconds: how long an answer is taken.
        clock: tells the time in seconds.
    """

    def __init__(
        self, exists: Callable[[str], Awaitable[int]] | None, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._exists = exists
        self._seconds = seconds
        self._clock = clock
        self._pending: dict[str, asyncio.Task[tuple[float, bool | None]]] = {}

    def must_ask(self, identity: Identity) -> bool:
        """Whether the last answer for a token is too old."""
        return (
            bool(identity.token_id)
            and self._exists is not None
            and self._clock() - identity.revocation_checked_at > self._seconds
        )

    async def ask(self, identity: Identity) -> None:
        """Look whether the token is revoked and note it with the identity."""
        pending = self._pending.get(identity.token_id)
        if pending is None:
            pending = asyncio.create_task(self._look_up(identity.token_id))
            self._pending[identity.token_id] = pending
            pending.add_done_callback(lambda _: self._pending.pop(identity.token_id))
        # A client that leaves must not take the answer from the others that wait for it.
        asked_at, revoked = await asyncio.shield(pending)
        identity.revocation_checked_at = asked_at
        if revoked is not None:
            identity.revoked = revoked

    async def _look_up(self, token_id: str) -> tuple[float, bool | None]:
        asked_at = self._clock()
        if self._exists is None:
            return asked_at, None
        try:
            return asked_at, bool(await self._exists(KEY_PREFIX + token_id))
        except RedisAway:
            return asked_at, None
