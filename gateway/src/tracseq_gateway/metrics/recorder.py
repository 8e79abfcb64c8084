"""Writes what happens into the metrics."""

from prometheus_client import Counter, Histogram

from tracseq_gateway.authentication.identity import Identity
from tracseq_gateway.metrics import registry
from tracseq_gateway.metrics.few import Few
from tracseq_gateway.metrics.routes import Routes

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
TENANTS = 200


class MetricsRecorder:
    """Keeps the children of labelled metrics, as looking them up costs more than counting."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._requests: dict[tuple[str, bytes, int], Counter] = {}
        self._durations: dict[str, Histogram] = {}
        self._tenants = Few(TENANTS)
        self._of_tenants: dict[tuple[str, str], Counter] = {}
        self._routes = Routes()
        self._of_routes: dict[tuple[str, bytes, str], Counter] = {}
        # A rule looks at them, and a metric that is not there is no metric that stands still.
        for result in ("sent", "rejected", "dropped"):
            registry.SPANS.labels(result)
        registry.LIMITED.labels("")

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

    def used(self, service: str, method: bytes, path: bytes, identity: Identity | None, *, answered_well: bool) -> None:
        """Count a request that a service was asked, by whose it is and by what it asks for."""
        if not self._enabled:
            return
        tenant = self._tenants.name(identity.tenant) if identity and identity.tenant else ""
        of_tenant = self._of_tenants.get((service, tenant))
        if of_tenant is None:
            of_tenant = self._of_tenants[service, tenant] = registry.TENANTS.labels(service, tenant)
        of_tenant.inc()
        if method not in METHODS:
            method = b"other"
        route = self._routes.name(service, path, answered_well=answered_well)
        of_route = self._of_routes.get((service, method, route))
        if of_route is None:
            of_route = self._of_routes[service, method, route] = registry.ROUTES.labels(service, method.decode(), route)
        of_route.inc()

    def upstream_failed(self, service: str, cause: str) -> None:
        """Count an attempt that brought no answer."""
        registry.UPSTREAM_ERRORS.labels(service, cause).inc()

    def limited(self, service: str) -> None:
        """Count a request that the limit refused."""
        registry.LIMITED.labels(service).inc()
