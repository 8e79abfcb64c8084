"""TLS towards Redis and its Sentinels: whom the gateway trusts, and what it shows."""

import logging
import ssl
from pathlib import Path
from typing import Any

from redis.asyncio import SSLConnection

from tracseq_gateway.configuration.settings import Settings

log = logging.getLogger(__name__)


class RedisEncryption:
    """How connections to Redis are made, with files that others may replace.

    Args:
        authority: file with the certificate of the authority that has signed the servers', None for no TLS.
        certificate: file with what the gateway shows, None for nothing.
        key: file with its key.
    """

    def __init__(self, authority: Path | None, certificate: Path | None, key: Path | None) -> None:
        self._files = {"ssl_ca_certs": authority, "ssl_certfile": certificate, "ssl_keyfile": key}
        self._taken = self._seen()

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of a connection."""
        return {name: str(path) for name, path in self._files.items() if path} if self.encrypts else {}

    @property
    def of_pool(self) -> dict[str, Any]:
        """Arguments of a pool that is made without a URL."""
        return {"connection_class": SSLConnection} if self.encrypts else {}

    @property
    def of_client(self) -> dict[str, Any]:
        """Arguments of a client that is made without a pool."""
        return {"ssl": True, **self.options} if self.encrypts else {}

    @property
    def encrypts(self) -> bool:
        """Whether there is any."""
        return self._files["ssl_ca_certs"] is not None

    def renewed(self) -> bool:
        """Tell whether there are other files than at the last call, which fit each other."""
        seen = self._seen()
        if seen == self._taken:
            return False
        certificate = self._files["ssl_certfile"]
        try:
            if certificate is not None:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, self._files["ssl_keyfile"])
        except OSError as error:
            # One of the two may have been replaced so far: a later look finds both.
            log.warning("Redis is asked with the certificate that was there before: %s.", error)
            return False
        self._taken = seen
        return True

    def _seen(self) -> list[tuple[int, int]]:
        found = (path.stat() for path in self._files.values() if path is not None and path.exists())
        return [(file.st_ino, file.st_mtime_ns) for file in found]


def redis_encryption(settings: Settings) -> RedisEncryption:
    """Return how Redis is asked."""
    return RedisEncryption(settings.redis_ca_file, settings.redis_certificate, settings.redis_key)
