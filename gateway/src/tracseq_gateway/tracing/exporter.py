"""Sends spans to a collector, from a thread of its own: a request never waits for it."""

import json
import logging
import socket
import threading
import urllib.error
import urllib.request
from collections import deque
from http.client import HTTPException
from importlib.metadata import version

from tracseq_gateway.metrics import registry
from tracseq_gateway.tracing.span import Span, attribute

log = logging.getLogger("tracseq_gateway")

INTERVAL_SECONDS = 1.0
BATCH = 512
TIMEOUT_SECONDS = 5.0
TRY_AGAIN = frozenset({429, 502, 503, 504})
"""Answers after which a batch is sent once more (OTLP, "Retryable Response Codes")."""


class SpanExporter:
    """Keeps spans until a collector has them; where it does not take them, the newest are dropped and counted.

    Args:
        endpoint: where it takes OTLP over HTTP, such as ``http://collector:4318/v1/traces``.
        limit: how many spans are kept.
    """

    def __init__(self, endpoint: str, limit: int) -> None:
        self._endpoint = endpoint
        self._limit = limit
        self._kept: deque[Span] = deque()
        self._woken = threading.Event()
        self._stopping = False
        self._failing = False
        # No proxy of the environment: a collector is asked where the data says it is.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._thread = threading.Thread(target=self._work, name="spans", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Send what is left, for so many seconds at most."""
        self._stopping = True
        self._woken.set()
        self._thread.join(seconds)

    def take(self, span: Span) -> None:
        """Keep a span until it is sent, or drop it where there are too many."""
        if len(self._kept) >= self._limit:
            registry.SPANS.labels("dropped").inc()
            return
        self._kept.append(span)

    def _work(self) -> None:
        while not self._stopping:
            self._woken.wait(INTERVAL_SECONDS)
            while self._kept and self._send_some():
                pass

    def _send_some(self) -> bool:
        """Send the oldest spans; return whether the collector has them, or never will."""
        batch = [self._kept[number] for number in range(min(BATCH, len(self._kept)))]
        try:
            rejected = self._send(batch)
        except urllib.error.HTTPError as error:
            if error.code in TRY_AGAIN:
                self._fail(f"answers {error.code}")
                return False
            self._fail(f"answers {error.code}, and takes them as they are never")
            rejected = len(batch)
        except (OSError, HTTPException, ValueError) as error:
            self._fail(str(error))
            return False
        else:
            self._failing = False
        for _ in batch:
            self._kept.popleft()
        registry.SPANS.labels("sent").inc(len(batch) - rejected)
        registry.SPANS.labels("rejected").inc(rejected)
        return True

    def _send(self, batch: list[Span]) -> int:
        """Send spans; return how many of them the collector refused."""
        body = json.dumps(
            {
                "resourceSpans": [
                    {
                        "resource": {
                            "attributes": [
                                attribute("service.name", "tracseq-gateway"),
                                attribute("service.version", version("tracseq-gateway")),
                                attribute("service.instance.id", socket.gethostname()),
                            ]
                        },
                        "scopeSpans": [
                            {"scope": {"name": "tracseq_gateway"}, "spans": [span.as_otlp() for span in batch]}
                        ],
                    }
                ]
            }
        )
        headers = {"Content-Type": "application/json"}
        # Settings let http and https through, and nothing else.
        request = urllib.request.Request(self._endpoint, body.encode(), headers)  # noqa: S310
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            said = json.loads(answer.read() or b"{}")
        return int(said.get("partialSuccess", {}).get("rejectedSpans", 0))

    def _fail(self, why: str) -> None:
        # Once, and not each second for a weekend; the metric goes on.
        if not self._failing:
            log.warning("Spans do not reach %s: %s", self._endpoint, why)
        self._failing = True
