"""Writes what happens into the metrics."""

from typing import TYPE_CHECKING

from tracseq_gateway.metrics import registry

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

    from tracseq_gateway.gateway import Gateway

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})


class MetricsRecorder:
    """Keeps the children of labelled metrics, as looking them up costs more than counting."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._requests: dict[tuple[str, bytes, int], Counter] = {}
        self._durations: dict[str, Histogram] = {}

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

    def take_gauges(self, gateway: "Gateway") -> None:
        """Set what is a state rather than an event; called at an interval."""
        for name, service in gateway.services.items():
            registry.IN_FLIGHT.labels(name).set(service.in_flight)
            registry.BREAKER_STATE.labels(name).set(service.breaker.state)
            registry.LIMIT_COST.labels(name).set(service.pace.cost)
            connections = sum(len(server.pool.connections) for server in service.servers)
            registry.UPSTREAM_CONNECTIONS.labels(name).set(connections)
        registry.CLIENT_CONNECTIONS.set(len(gateway.downstreams))
        registry.LIMIT_SHARED.set(gateway.limiter.shared)
        if gateway.audit is not None:
            registry.AUDIT_BACKLOG.labels("memory").set(gateway.audit.in_memory)
            registry.AUDIT_BACKLOG.labels("disk").set(gateway.audit.on_disk)
        usage = gateway.database.pool_usage()
        registry.DATABASE_CONNECTIONS.labels("open").set(usage["size"])
        registry.DATABASE_CONNECTIONS.labels("idle").set(usage["idle"])
