"""Writes the field lines of the answer that goes to the client."""

from tracseq_gateway.http.date import date_line
from tracseq_gateway.http.fields import HOP_BY_HOP, NEVER_IN_TRAILERS, HeaderList, list_members

SECURITY_HEADERS: dict[bytes, bytes] = {
    b"strict-transport-security": b"max-age=31536000; includeSubDomains",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"x-xss-protection": b"1; mode=block",
    b"referrer-policy": b"strict-origin-when-cross-origin",
    b"content-security-policy": b"default-src 'self'; script-src 'self' 'unsafe-inline'",
    b"permissions-policy": b"geolocation=(), microphone=(), camera=()",
}
"""The deployment guide's fields; one that a service sets itself is left as it is."""

SECURITY_BLOCK = b"".join([b"%b: %b\r\n" % header for header in SECURITY_HEADERS.items()])
REPLACED = HOP_BY_HOP | {b"server", b"x-request-id"}
PLAIN_CONNECTION = frozenset({b"close", b"keep-alive", b"content-length"})
CROSS_ORIGIN = b"access-control-allow-origin: "
LOOKED_AT = REPLACED | SECURITY_HEADERS.keys() | {b"content-length", b"access-control-allow-origin", b"date"}


def field_lines(headers: HeaderList, extra: bytes, *, without_length: bool, secure: bool = True) -> tuple[bytes, bool]:
    """Return the lines for the client, and whether a Content-Length is among them.

    Args:
        headers: the service's fields.
        extra: complete lines of the gateway's own.
        secure: add the security fields that the service did not set.
        without_length: drop a Content-Length, as 204 must have none (RFC 9110, 8.6).
    """
    pieces: list[bytes] = []
    named: list[bytes] = []
    present: list[bytes] = []
    length_known = dated = False
    for name, value in headers:
        lower = name.lower()
        if lower in LOOKED_AT:
            if lower == b"content-length":
                if without_length:
                    continue
                length_known = True
            elif lower in REPLACED:
                if lower == b"connection" and value not in PLAIN_CONNECTION:
                    named += list_members(value)
                continue
            elif lower == b"date":
                dated = True
            elif lower in SECURITY_HEADERS:
                present.append(lower)
            elif CROSS_ORIGIN in extra:
                continue
        pieces += (name, b": ", value, b"\r\n")
    if named:
        pieces = _without(pieces, set(named) - PLAIN_CONNECTION)
    if secure:
        if not dated:
            # Whoever passes an answer on without one adds it (RFC 9110, 6.6.1).
            pieces.append(date_line())
        pieces.append(_security_lines(present) if present else SECURITY_BLOCK)
    pieces.append(extra)
    return b"".join(pieces), length_known


def _without(pieces: list[bytes], named: set[bytes]) -> list[bytes]:
    lines = [pieces[start : start + 4] for start in range(0, len(pieces), 4)]
    return [piece for line in lines if line[0].lower() not in named for piece in line]


def _security_lines(present: list[bytes]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in SECURITY_HEADERS.items() if header[0] not in present])


def trailer_lines(trailers: HeaderList) -> bytes:
    """Return the trailer fields that may be passed on (RFC 9110, 6.5)."""
    return b"".join(
        [b"%b: %b\r\n" % (name, value) for name, value in trailers if name.lower() not in NEVER_IN_TRAILERS]
    )
