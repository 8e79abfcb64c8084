"""Checks JSON Web Tokens (RFC 7519) and remembers those it has checked."""

import time
from typing import Any

import jwt

from tracseq_gateway.authentication.identity import Identity, is_field_text
from tracseq_gateway.authentication.key_set import KeySet
from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.http.problem import Problem

CACHE_ENTRIES = 20_000
MAX_TOKEN_BYTES = 8192


class TokenVerifier:
    """Verifies a token once and then takes it until it expires.

    The algorithm is the configured one and never what a token names, so that neither
    ``none`` nor a public key used as an HMAC secret can pass (RFC 8725, 3.1).
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache: dict[str, Identity] = {}
        self._key_set: KeySet | None = None
        self._key: str = ""
        if settings.jwt_jwks_url is not None and settings.jwt_algorithm == "RS256":
            self._key_set = KeySet(
                settings.jwt_jwks_url, settings.jwt_jwks_refresh, settings.upstream_ca_file, self._cache.clear
            )
        else:
            key = settings.jwt_secret_key if settings.jwt_algorithm == "HS256" else settings.jwt_public_key
            self._key = key.get_secret_value() if key is not None else ""

    def start(self) -> None:
        """Begin to fetch keys where they come from an address."""
        if self._key_set is not None:
            self._key_set.start()

    def stop(self) -> None:
        """Fetch no more keys."""
        if self._key_set is not None:
            self._key_set.stop()

    def remembered(self, token: str) -> Identity | None:
        """Return the identity of a token that was verified before and has not expired."""
        identity = self._cache.get(token)
        if identity is None:
            return None
        if identity.expires_at <= time.time():
            del self._cache[token]
            return None
        return identity

    async def verify(self, token: str) -> Identity:
        """Verify a token's signature and claims.

        Raises:
            Problem: the token is not valid; the answer says which check failed.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise _refusal("The token is too large.")
        try:
            claims = jwt.decode(
                token,
                await self._key_for(token),
                algorithms=[self._settings.jwt_algorithm],
                audience=self._settings.jwt_audience,
                issuer=self._settings.jwt_issuer,
                leeway=self._settings.jwt_leeway,
                options={
                    "require": ["exp", "sub"],
                    "verify_aud": self._settings.jwt_audience is not None,
                    "verify_iss": self._settings.jwt_issuer is not None,
                },
            )
        except jwt.ExpiredSignatureError:
            raise _refusal("The token has expired.") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _refusal("The token is not valid.") from None
        identity = self._identity(claims)
        if len(self._cache) >= CACHE_ENTRIES:
            self._forget_oldest()
        self._cache[token] = identity
        return identity

    async def _key_for(self, token: str) -> Any:
        if self._key_set is None:
            return self._key
        key_id = jwt.get_unverified_header(token).get("kid")
        key = await self._key_set.find(key_id if isinstance(key_id, str) else None)
        if key is None:
            raise _refusal("The token is signed with an unknown key.")
        return key

    def _identity(self, claims: dict[str, Any]) -> Identity:
        user = claims["sub"]
        tenant = claims.get(self._settings.jwt_tenant_claim) or ""
        roles = claims.get(self._settings.jwt_roles_claim) or []
        if isinstance(roles, str):
            roles = roles.split()
        token_id = claims.get("jti", "")
        texts = [user, token_id or "-", tenant or "-", *roles] if isinstance(roles, list) else []
        if not texts or not all(isinstance(text, str) and is_field_text(text) for text in texts):
            raise _refusal("The token's claims have a form that cannot be passed on.")
        expires_at = float(claims["exp"])
        if "iat" in claims:
            expires_at = min(expires_at, float(claims["iat"]) + self._settings.jwt_expiration_hours * 3600)
        expires_at += self._settings.jwt_leeway
        if expires_at <= time.time():
            raise _refusal("The token is older than tokens may become.")
        return Identity(user, tenant, frozenset(roles), token_id, expires_at)

    def _forget_oldest(self) -> None:
        for token in list(self._cache)[: CACHE_ENTRIES // 10]:
            del self._cache[token]


def _refusal(detail: str) -> Problem:
    # RFC 6750, 3.1
    return Problem(401, detail, "token", [(b"www-authenticate", b'Bearer error="invalid_token"')])
