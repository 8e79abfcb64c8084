"""Requests that the gateway answers though they name a service: they are not to go further.

Source: RFC 9110, 7.6.2 (Max-Forwards), 9.3.7 (OPTIONS), 9.3.8 (TRACE).
"""

from tracseq_gateway.http.problem import Problem

METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
ANSWERED_HERE = frozenset({b"OPTIONS", b"TRACE"})
"""Methods of which some requests go no further."""
ALLOW_LINE = b"allow: " + METHODS + b"\r\n"


def refuse_trace(method: bytes) -> None:
    """Keep TRACE from the services.

    A service would send back what it received: the caller's credentials, and the fields by
    which the gateway tells who asks.

    Raises:
        Problem: the method is TRACE (405).
    """
    if method == b"TRACE":
        raise Problem(405, "TRACE is not passed on.", "method", [(b"allow", METHODS)])


def ends_here(method: bytes, max_forwards: bytes | None) -> bool:
    """Whether an OPTIONS request has been forwarded as often as it may."""
    digits = (max_forwards or b"").strip()
    return method == b"OPTIONS" and digits.isdigit() and not digits.strip(b"0")


def one_forward_less(method: bytes, value: bytes) -> bytes:
    """Return the value to pass on; in other methods than OPTIONS it has no meaning."""
    digits = value.strip()
    if method != b"OPTIONS" or not digits.isdigit() or len(digits) > 9:
        return value
    return b"%d" % (int(digits) - 1)
