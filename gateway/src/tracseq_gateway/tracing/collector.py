"""One request to a collector, and what its answer means for the spans in it (OTLP over HTTP)."""

import json
import socket
import urllib.error
import urllib.request
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from importlib.metadata import version
from time import monotonic, time
from typing import Any

from tracseq_gateway.tracing.span import Span, attribute

TIMEOUT_SECONDS = 5.0
TRY_AGAIN = frozenset({429, 502, 503, 504})
"""Answers after which spans are sent once more (OTLP, "Retryable Response Codes")."""

MAX_ANSWER_BYTES = 65_536


class NotNow(Exception):
    """The collector may take the spans later; the message says why it does not now.

    Attributes:
        seconds: how long it asks to be left alone.
    """

    def __init__(self, why: str, seconds: float = 0) -> None:
        super().__init__(why)
        self.seconds = seconds


class Never(Exception):
    """The collector will not take these spans; the message says why."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    # What is redirected is asked for again by GET, without the spans: its 200 would count for them.
    def redirect_request(self, *_: Any) -> None:
        return None


class Collector:
    """Takes spans at an address such as ``http://collector:4318/v1/traces``."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        # No proxy of the environment: a collector is asked where the data says it is.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def send(self, spans: list[Span]) -> int:
        """Send spans; return how many of them the collector refused.

        Raises:
            NotNow: they may be sent again.
            Never: they may not.
        """
        headers = {"Content-Type": "application/json"}
        # Settings let http and https through, and nothing else.
        request = urllib.request.Request(self._endpoint, _body(spans), headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return min(_refused(answer), len(spans))
        except urllib.error.HTTPError as error:
            with error:
                if error.code in TRY_AGAIN:
                    raise NotNow(f"it answers {error.code}", _retry_after(error.headers)) from error
                raise Never(f"it answers {error.code}, and takes them as they are never") from error
        except (OSError, HTTPException, ValueError) as error:
            raise NotNow(str(error) or type(error).__name__) from error


def _body(spans: list[Span]) -> bytes:
    attributes = [
        attribute("service.name", "tracseq-gateway"),
        attribute("service.version", version("tracseq-gateway")),
        attribute("service.instance.id", socket.gethostname()),
    ]
    scope = {"scope": {"name": "tracseq_gateway"}, "spans": [span.as_otlp() for span in spans]}
    return json.dumps({"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [scope]}]}).encode()


def _refused(answer: HTTPResponse) -> int:
    """Read how many spans a 2xx says were refused: none, where it says nothing that can be understood."""
    try:
        said = json.loads(_read(answer))
        return max(0, int(said["partialSuccess"]["rejectedSpans"]))
    except (OSError, HTTPException, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return 0


def _read(answer: HTTPResponse) -> bytes:
    data, end = b"", monotonic() + TIMEOUT_SECONDS
    while len(data) < MAX_ANSWER_BYTES and monotonic() < end:
        piece = answer.read1(MAX_ANSWER_BYTES)
        if not piece:
            break
        data += piece
    return data


def _retry_after(headers: Message) -> float:
    """Return for how many seconds ``Retry-After`` asks (RFC 9110, 10.2.3): a number of them, or a date."""
    value = str(headers.get("Retry-After", "")).strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except (ValueError, OverflowError):
        return 0.0
