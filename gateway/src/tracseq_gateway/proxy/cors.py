"""Lets pages of other origins use the gateway (WHATWG Fetch, section 3.2)."""

from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.downstream.request import Request

ANY_ORIGIN = "*"


class CrossOrigin:
    """Answers preflights and marks answers for the configured origins."""

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(origin.encode() for origin in settings.cors_allowed_origins)
        self._any = ANY_ORIGIN.encode() in self._origins
        self._preflight = (
            f"access-control-allow-methods: {', '.join(settings.cors_allowed_methods)}\r\n"
            f"access-control-allow-headers: {', '.join(settings.cors_allowed_headers)}\r\n"
            f"access-control-max-age: {settings.cors_max_age}\r\n"
        ).encode()

    def answer_lines(self, origin: bytes) -> bytes:
        """Return the field lines for an answer to a page of ``origin``."""
        if self._any:
            # Without credentials: a token is sent by the page itself, not by the browser.
            return b"access-control-allow-origin: *\r\n"
        if origin in self._origins:
            return b"access-control-allow-origin: %b\r\nvary: origin\r\n" % origin
        return b"vary: origin\r\n"

    def preflight_lines(self, request: Request, headers: dict[bytes, bytes]) -> bytes | None:
        """Return what the answer to a preflight has besides, or None for any other request."""
        origin = headers.get(b"origin")
        if request.method != b"OPTIONS" or origin is None or b"access-control-request-method" not in headers:
            return None
        allowed = self._any or origin in self._origins
        return self._preflight if allowed else b""
