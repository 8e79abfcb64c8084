"""Sends spans to a collector, from a thread of its own: a request never waits for it."""

import logging
import threading
from collections import deque
from time import time

from tracseq_gateway.metrics import registry
from tracseq_gateway.tracing.collector import Collector, Never, NotNow
from tracseq_gateway.tracing.span import NANOSECONDS, Span

log = logging.getLogger("tracseq_gateway")

INTERVAL_SECONDS = 1.0
BATCH = 512
TRIES = 10
"""Of one batch; then it is dropped, after four minutes where the collector names no time."""

LONGEST_PAUSE_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
RESULTS = ("sent", "rejected", "dropped")


class SpanExporter:
    """Keeps spans until a collector has them; what it does not take is dropped and counted.

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
        self._tries = 0
        self._batch = 0
        self._failures = 0
        self._asked_pause = 0.0
        self._warned = False
        self._collector = Collector(endpoint)
        self._thread = threading.Thread(target=self._work, name="spans", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        # A series that begins with its first loss has no increase: Prometheus must have seen the 0.
        for result in RESULTS:
            registry.SPANS.labels(result)
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

    @property
    def waits(self) -> float:
        """For how many seconds the oldest span has waited."""
        try:
            return max(0.0, time() - self._kept[0].ended_at / NANOSECONDS)
        except IndexError:
            return 0.0

    def _work(self) -> None:
        while not self._stopping:
            self._woken.wait(self._pause())
            while self._kept and self._send_oldest():
                pass

    def _pause(self) -> float:
        if not self._failures:
            return INTERVAL_SECONDS
        return max(min(2.0 ** (self._failures - 1), LONGEST_PAUSE_SECONDS), self._asked_pause)

    def _send_oldest(self) -> bool:
        """Send the oldest spans; return whether more may be sent at once."""
        # A batch stays what it is over its tries, so that no span has more of them than others.
        self._batch = self._batch or min(BATCH, len(self._kept))
        batch = [self._kept[number] for number in range(self._batch)]
        self._tries += 1
        try:
            rejected = self._collector.send(batch)
        except NotNow as error:
            self._fail(str(error), error.seconds)
        except Never as error:
            self._warn(str(error))
            self._failures = 0
            self._forget(rejected=len(batch))
            return True
        except Exception:
            # Without this thread no span would be sent until the gateway is started anew.
            log.exception("Spans could not be sent to %s; they are tried again.", self._endpoint)
            self._fail("the gateway itself fails", 0)
        else:
            self._failures, self._warned = 0, False
            self._forget(sent=len(batch) - rejected, rejected=rejected)
            return True
        return False

    def _fail(self, why: str, seconds: float) -> None:
        self._warn(why)
        self._failures += 1
        self._asked_pause = min(seconds, LONGEST_RETRY_AFTER_SECONDS)
        if self._tries >= TRIES:
            self._forget(dropped=self._batch)

    def _forget(self, **results: int) -> None:
        """Let go of the oldest batch, and count what became of it."""
        for _ in range(self._batch):
            self._kept.popleft()
        self._batch = self._tries = 0
        for result, spans in results.items():
            registry.SPANS.labels(result).inc(spans)

    def _warn(self, why: str) -> None:
        # Once, and not each second for a weekend; the metric goes on.
        if not self._warned:
            log.warning("Spans do not reach %s: %s", self._endpoint, why)
        self._warned = True
