"""The public keys at a JWKS address (RFC 7517), kept fresh."""

import asyncio
import json
import logging
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt

log = logging.getLogger(__name__)

FETCH_SECONDS = 5
RETRY_SECONDS = 5.0
MAX_BYTES = 1_048_576


class KeySet:
    """Fetches keys in the background, and at once when a token names one not yet seen.

    Keys that could not be fetched anew stay in use: a signature does not become wrong
    because the issuer is away.
    """

    def __init__(self, url: str, refresh: float, ca_file: Path | None, on_change: Callable[[], None]) -> None:
        self._url = url
        self._refresh = refresh
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._on_change = on_change
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to fetch."""
        self._task = asyncio.create_task(self._keep_fresh())

    def stop(self) -> None:
        """Fetch no more."""
        if self._task is not None:
            self._task.cancel()

    async def find(self, key_id: str | None) -> Any | None:
        """Return the key with an identifier, or the only key when none is named."""
        key = self._look_up(key_id)
        if key is None:
            await self._fetch_unless_just_done()
            key = self._look_up(key_id)
        return key

    def _look_up(self, key_id: str | None) -> Any | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    async def _keep_fresh(self) -> None:
        while True:
            fetched = await self._fetch()
            await asyncio.sleep(self._refresh if fetched else RETRY_SECONDS)

    async def _fetch_unless_just_done(self) -> None:
        # Tokens with invented key names must not make the gateway ask the issuer each time.
        if asyncio.get_running_loop().time() - self._fetched_at > RETRY_SECONDS:
            await self._fetch()

    async def _fetch(self) -> bool:
        async with self._fetching:
            self._fetched_at = asyncio.get_running_loop().time()
            try:
                document = await asyncio.to_thread(self._read)
                keys = _signing_keys(document)
            except (OSError, ValueError, jwt.PyJWTError) as error:
                log.warning("The keys at JWT_JWKS_URL cannot be fetched (%s); the old ones stay.", type(error).__name__)
                return False
            if keys.keys() != self._keys.keys():
                self._on_change()
            self._keys = keys
            return True

    def _read(self) -> Any:
        with urllib.request.urlopen(self._url, timeout=FETCH_SECONDS, context=self._tls) as response:  # noqa: S310 - the scheme is checked with the configuration
            return json.loads(response.read(MAX_BYTES))


def _signing_keys(document: Any) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for key in jwt.PyJWKSet.from_dict(document).keys:
        if key.key_type == "RSA" and key.public_key_use in (None, "sig"):
            keys[key.key_id or ""] = key.key
    if not keys:
        raise ValueError("the document holds no RSA key")
    return keys
