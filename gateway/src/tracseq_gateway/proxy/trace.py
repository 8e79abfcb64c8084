"""Names by which one request can be found in every log."""

import re

from tracseq_gateway.random_names import random_names

# RFC 9110 leaves the form of such an identifier open; this one is safe in logs and shells.
REQUEST_ID = re.compile(rb"[A-Za-z0-9._:+=@/-]{1,128}")
TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_request_ids = random_names(16)
_trace_ids = random_names(16)
_parent_ids = random_names(8)


def request_id_from(value: bytes | None) -> bytes:
    """Return the client's ``X-Request-ID`` where it has a harmless form, or else a new one."""
    if value is not None and REQUEST_ID.fullmatch(value):
        return value
    return next(_request_ids)


def traceparent_from(value: bytes | None) -> bytes:
    """Return the client's ``traceparent`` where it is valid, or else begin a new trace.

    Source: W3C Trace Context, section 3.2.
    """
    if value is not None and TRACEPARENT.fullmatch(value):
        return value
    return b"00-%b-%b-01" % (next(_trace_ids), next(_parent_ids))
