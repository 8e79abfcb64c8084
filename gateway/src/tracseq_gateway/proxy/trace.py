"""Names by which one request can be found in every log."""

import re

from tracseq_gateway.random_names import random_names

# RFC 9110 leaves the form of such an identifier open; this one is safe in logs and shells.
REQUEST_ID = re.compile(rb"[A-Za-z0-9._:+=@/-]{1,128}")
TRACEPARENT = re.compile(
    rb"(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?", re.DOTALL
)
LONGEST_TRACEPARENT = 512
SAMPLED = 0x01
_request_ids = random_names(16)
_span_ids = random_names(8)
# A trace of our own and its span at once: most requests come without one.
_traces = random_names(24)
TRACE_DIGITS = 32


def request_id_from(value: bytes | None) -> bytes:
    """Return the client's ``X-Request-ID`` where it has a harmless form, or else a new one."""
    if value is not None and REQUEST_ID.fullmatch(value):
        return value
    return next(_request_ids)


def trace_from(value: bytes | None) -> tuple[bytes, bytes]:
    """Return the identifier of the client's trace, or of a new one, and the field line that hands it on.

    The gateway is a part of the trace by itself: services are told its span, not the client's.

    Source: W3C Trace Context, 3.2 and 3.4.
    """
    if value is not None and len(value) <= LONGEST_TRACEPARENT:
        match = TRACEPARENT.fullmatch(value.strip())
        # Of a later version, what it shares with 00 is read; 00 has nothing after its flags (4.3).
        if match is not None and not (match[1] == b"00" and match[4]):
            flags = int(match[3], 16) & SAMPLED
            return match[2], b"traceparent: 00-%b-%b-%02x\r\n" % (match[2], next(_span_ids), flags)
    drawn = next(_traces)
    trace_id = drawn[:TRACE_DIGITS]
    return trace_id, b"traceparent: 00-%b-%b-01\r\n" % (trace_id, drawn[TRACE_DIGITS:])
