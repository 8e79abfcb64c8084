"""Names by which one request can be found in every log."""

import re
from typing import NamedTuple

from tracseq_gateway.random_names import random_names

# RFC 9110 leaves the form of such an identifier open; this one is safe in logs and shells.
REQUEST_ID = re.compile(rb"[A-Za-z0-9._:+=@/-]{1,128}")
TRACEPARENT = re.compile(
    rb"(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL
)
LONGEST_TRACEPARENT = 512
SAMPLED = 0x01
_request_ids = random_names(16)
_span_ids = random_names(8)
# A trace of our own and its span at once: most requests come without one.
_traces = random_names(24)
TRACE_DIGITS = 32
RANDOM_DIGITS = 14


def request_id_from(value: bytes | None) -> bytes:
    """Return the client's ``X-Request-ID`` where it has a harmless form, or else a new one."""
    if value is not None and REQUEST_ID.fullmatch(value):
        return value
    return next(_request_ids)


class Trace(NamedTuple):
    """A request's place in a trace.

    Attributes:
        trace_id: the trace.
        span_id: the gateway's own part in it.
        parent_id: the client's part, or empty where the trace begins here.
        sampled: whether it is recorded, which who began it decides.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    sampled: bool

    @property
    def line(self) -> bytes:
        """The field line that hands the trace on: services are told the gateway's span, not the client's."""
        return b"traceparent: 00-%b-%b-%b\r\n" % (self.trace_id, self.span_id, b"01" if self.sampled else b"00")


NO_TRACE = Trace(b"", b"", b"", sampled=False)


def trace_from(value: bytes | None, ratio: float = 1.0) -> Trace:
    """Return the client's trace, in which the gateway has a span of its own, or a new trace.

    Args:
        value: of the request's ``traceparent``, if it has one.
        ratio: of new traces, how many are recorded; of others the client decides.

    Source: W3C Trace Context, 3.2 and 3.4.
    """
    if value is not None and len(value) <= LONGEST_TRACEPARENT:
        match = TRACEPARENT.fullmatch(value.strip())
        # Of a later version, what it shares with 00 is read; 00 has nothing after its flags (4.3).
        if match is not None and not (match[1] == b"00" and match[5]):
            return Trace(match[2], next(_span_ids), match[3], bool(int(match[4], 16) & SAMPLED))
    drawn = next(_traces)
    trace_id = drawn[:TRACE_DIGITS]
    # The last seven bytes decide, as everywhere (OpenTelemetry, "Consistent probability sampling").
    sampled = ratio >= 1 or int(trace_id[-RANDOM_DIGITS:], 16) < ratio * 16**RANDOM_DIGITS
    return Trace(trace_id, drawn[TRACE_DIGITS:], b"", sampled)
