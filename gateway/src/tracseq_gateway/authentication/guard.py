"""Lets a request pass or refuses it, by its token."""

import asyncio
from functools import lru_cache

from tracseq_gateway.authentication.access import AccessPolicy, parse_route, parse_rules
from tracseq_gateway.authentication.identity import Identity
from tracseq_gateway.authentication.revocation import RevokedTokens
from tracseq_gateway.authentication.tokens import TokenVerifier
from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.infrastructure.redis import RedisStore

REMEMBERED_FIELDS = 4096
REMEMBERED_BYTES = 1024


class Guard:
    """Knows the caller of each request."""

    def __init__(self, settings: Settings, redis: RedisStore, loop: asyncio.AbstractEventLoop) -> None:
        self.verifier = TokenVerifier(settings)
        exists = redis.exists if redis.configured else None
        self._revoked = RevokedTokens(exists, settings.jwt_revocation_cache, loop.time)
        self._policy = AccessPolicy(
            tuple(parse_route(text) for text in settings.public_routes), parse_rules(settings.access_rules)
        )

    def remembered(self, authorization: bytes) -> Identity | None:
        """Return the caller by a token that was verified before, None where more must be asked."""
        identity = self.verifier.remembered(_token_of(authorization))
        if identity is None or identity.revoked or self._revoked.must_ask(identity):
            return None
        return identity

    def allows(self, method: bytes, path: bytes, identity: Identity | None) -> bool:
        """Whether a caller may do this; None stands for an anonymous one."""
        if identity is not None and self._policy.allows(method, path, identity.roles):
            return True
        return self._policy.is_public(method, path)

    async def identify(self, method: bytes, path: bytes, authorization: bytes | None) -> Identity | None:
        """Return the caller, or None for an anonymous one on a public route.

        Raises:
            Problem: a token is missing or not valid (401), or its roles are not enough (403).
        """
        if authorization is None:
            if self.allows(method, path, None):
                return None
            raise Problem(401, "A token is needed.", "token", [(b"www-authenticate", b"Bearer")])
        try:
            identity = await self._verified(authorization)
        except Problem:
            # Whoever renews an expired token still sends it along.
            if self.allows(method, path, None):
                return None
            raise
        if self.allows(method, path, identity):
            return identity
        raise Problem(403, "The token's roles do not allow this.", "role")

    async def _verified(self, authorization: bytes) -> Identity:
        token = _token_of(authorization)
        if not token:
            raise Problem(401, "A bearer token is needed.", "token", [(b"www-authenticate", b"Bearer")])
        identity = self.verifier.remembered(token)
        if identity is None:
            identity = await self.verifier.verify(token)
        if self._revoked.must_ask(identity):
            await self._revoked.ask(identity)
        if identity.revoked:
            invalid = [(b"www-authenticate", b'Bearer error="invalid_token"')]
            raise Problem(401, "The token has been revoked.", "token", invalid)
        return identity


def _token_of(authorization: bytes) -> str:
    """Return the token of an Authorization field, empty where it holds none (RFC 6750, 2.1)."""
    # What could fill the memory is not worth remembering.
    return (_remembered_token if len(authorization) <= REMEMBERED_BYTES else _read_token)(authorization)


def _read_token(authorization: bytes) -> str:
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


_remembered_token = lru_cache(REMEMBERED_FIELDS)(_read_token)
