"""TLS towards the load balancers: what the gateway shows them, and whom it takes for one."""

import logging
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tracseq_gateway.configuration.settings import Settings

log = logging.getLogger(__name__)


class Encryption:
    """A context that takes up new files while connections go on with what they have.

    Args:
        certificate: file with the gateway's certificate.
        key: file with its key.
        authority: file with the certificate of the authority that has signed the clients' certificates.
        clients: names of which a client's certificate must have one.

    Attributes:
        context: with which handshakes are made.

    Raises:
        OSError: a file cannot be read, or the certificate and the key do not belong together.
    """

    def __init__(self, certificate: Path, key: Path, authority: Path, clients: Sequence[str]) -> None:
        self._certificate, self._key, self._authority = certificate, key, authority
        self._clients = frozenset(clients)
        self._taken = self._seen()
        self.context = self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.verify_mode = ssl.CERT_REQUIRED

    def _loaded(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.load_cert_chain(self._certificate, self._key)
        context.load_verify_locations(self._authority)
        return context

    def _seen(self) -> tuple[tuple[int, int], ...]:
        files = [path.stat() for path in (self._certificate, self._key, self._authority)]
        return tuple((file.st_ino, file.st_mtime_ns) for file in files)

    def renew(self) -> None:
        """Have the next handshake made with the files as they are, where they have changed and fit each other."""
        try:
            seen = self._seen()
            if seen == self._taken:
                return
            # Of a certificate and a key that do not fit, the context in use would keep one.
            self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._loaded(self.context)
        except OSError as error:
            # One of the two may have been replaced so far: a later look finds both.
            log.warning("The gateway goes on with the certificate that it has: %s.", error)
            return
        self._taken = seen
        log.info("The gateway has taken up a new certificate.")

    def knows(self, certificate: Mapping[str, Any]) -> bool:
        """Tell whether a certificate that the authority has signed is a client's; as ``getpeercert`` gives it."""
        return any(kind == "DNS" and name in self._clients for kind, name in certificate.get("subjectAltName", ()))


def encryption(settings: Settings) -> Encryption | None:
    """Return how clients are met at the encrypted port, None where there is none."""
    certificate, key = settings.gateway_tls_certificate, settings.gateway_tls_key
    authority = settings.gateway_tls_authority
    if settings.gateway_tls_port is None or certificate is None or key is None or authority is None:
        return None
    return Encryption(certificate, key, authority, settings.gateway_tls_clients)
