"""Tightens a service's limit while the service is unwell, and loosens it again.

The rule: every 5 seconds a service that had at least 20 requests is judged. It is unwell
when more than a tenth of them failed (502, 503, 504 or no answer), or when their mean
latency was more than twice the usual and at least 0.25 s above it; then its factor becomes
0.7 of what it was, but no less than 0.1. Otherwise, also when there were fewer requests,
the factor grows by 0.05 up to 1, and the usual latency moves a tenth of the way to the
measured one. A request counts as 1/factor requests of its caller, so that a caller of this
service alone has the limit times the factor. Each gateway judges by what it sees itself.
"""

INTERVAL_SECONDS = 5.0
MINIMUM_REQUESTS = 20
FAILED_SHARE = 0.1
SLOWER_TIMES = 2.0
SLOWER_SECONDS = 0.25
TIGHTEN = 0.7
LOOSEN = 0.05
LOWEST = 0.1
LEARNING = 0.1


class ServicePace:
    """What a service's requests cost its callers.

    Attributes:
        cost: as how many requests one request counts, 1 when all is well.
    """

    __slots__ = ("_factor", "_failures", "_requests", "_seconds", "_usual", "adaptive", "cost")

    def __init__(self, *, adaptive: bool) -> None:
        self.adaptive = adaptive
        self.cost = 1.0
        self._factor = 1.0
        self._usual: float | None = None
        self._requests = 0
        self._failures = 0
        self._seconds = 0.0

    def record(self, seconds: float, *, failed: bool) -> None:
        """Note an ended request."""
        self._requests += 1
        self._seconds += seconds
        if failed:
            self._failures += 1

    def judge(self) -> None:
        """Apply the rule to what was noted since the last time."""
        requests, failures, seconds = self._requests, self._failures, self._seconds
        self._requests = self._failures = 0
        self._seconds = 0.0
        if not self.adaptive:
            return
        if requests >= MINIMUM_REQUESTS and self._is_unwell(failures / requests, seconds / requests):
            self._factor = max(LOWEST, self._factor * TIGHTEN)
        else:
            self._factor = min(1.0, self._factor + LOOSEN)
            if requests >= MINIMUM_REQUESTS:
                self._learn(seconds / requests)
        self.cost = 1.0 / self._factor

    def _is_unwell(self, failed_share: float, latency: float) -> bool:
        if failed_share > FAILED_SHARE:
            return True
        usual = self._usual
        return usual is not None and latency > max(SLOWER_TIMES * usual, usual + SLOWER_SECONDS)

    def _learn(self, latency: float) -> None:
        self._usual = latency if self._usual is None else self._usual + LEARNING * (latency - self._usual)
