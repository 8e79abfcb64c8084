"""Answers that say what went wrong (RFC 9457, problem details)."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus

from tracseq_gateway.http.fields import HeaderList


def reason_phrase(status: int) -> bytes:
    """Return the usual words for a status code, or none for an unknown one."""
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


@dataclass(slots=True, eq=False)
class Problem(Exception):
    """A request that the gateway itself answers with an error.

    Attributes:
        status: the HTTP status code.
        detail: a sentence for the caller; it holds nothing secret.
        headers: further fields of the answer, names in lower case.
        cause: one word for metrics and logs.
    """

    status: int
    detail: str
    cause: str
    headers: HeaderList = field(default_factory=list)

    def body(self, request_id: str, trace_id: str) -> bytes:
        """Return the answer's body as ``application/problem+json``."""
        return json.dumps(
            {
                "type": "about:blank",
                "title": reason_phrase(self.status).decode(),
                "status": self.status,
                "detail": self.detail,
                "request_id": request_id,
                "trace_id": trace_id,
            }
        ).encode()
