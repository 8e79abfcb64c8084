"""Writes what happens into the metrics."""

from prometheus_client import Counter, Histogram

from tracseq_gateway.metrics import registry

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})


class MetricsRecorder:
    """Keeps the children of labelled metrics, as looking them up costs more than counting."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._requests: dict[tuple[str, bytes, int], Counter] = {}
        self._durations: dict[str, Histogram] = {}
        # A rule looks at them, and a metric that is not there is no metric that stands still.
        for result in ("sent", "rejected", "dropped"):
            registry.SPANS.labels(result)

    def request_ended(self, service: str, method: bytes, status: int, seconds: float) -> None:
        """Count an answered request; ``service`` is empty where it led to none."""
        if not self._enabled:
            return
        key = (service, method, status)
        requests = self._requests.get(key)
        if requests is None:
            # A client may invent methods; each would be a series of its own.
            name = method.decode() if method in METHODS else "other"
            requests = registry.REQUESTS.labels(service, name, str(status))
            if method in METHODS:
                self._requests[key] = requests
        requests.inc()
        duration = self._durations.get(service)
        if duration is None:
            duration = self._durations[service] = registry.DURATION.labels(service)
        duration.observe(seconds)

    def upstream_failed(self, service: str, cause: str) -> None:
        """Count an attempt that brought no answer."""
        registry.UPSTREAM_ERRORS.labels(service, cause).inc()

    def limited(self, service: str) -> None:
        """Count a request that the limit refused."""
        registry.LIMITED.labels(service).inc()
