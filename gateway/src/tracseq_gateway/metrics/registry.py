"""The metrics by name; in several workers their values lie in files that all can read.

prometheus-client looks for the folder of those files when it is imported, so the process
that serves sets it before (see ``server/process.py``).
"""

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

REQUESTS = Counter("http_requests_total", "Requests answered.", ("service", "method", "status"))
TENANTS = Counter(
    "gateway_tenant_requests_total", "Requests to services, by the tenant of the caller.", ("service", "tenant")
)
ROUTES = Counter("gateway_route_requests_total", "Requests to services, by route.", ("service", "method", "route"))
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from a request's head to the end of its answer.",
    ("service",),
    buckets=LATENCY_BUCKETS,
)
IN_FLIGHT = Gauge("gateway_requests_in_flight", "Requests under way.", ("service",), multiprocess_mode="livesum")
UPSTREAM_ERRORS = Counter("gateway_upstream_errors_total", "Attempts that brought no answer.", ("service", "cause"))
BREAKER_STATE = Gauge(
    "gateway_breaker_state", "0 closed, 1 half open, 2 open.", ("service",), multiprocess_mode="livemax"
)
LIMITED = Counter("gateway_rate_limited_total", "Requests refused by the rate limit.", ("service",))
LIMIT_COST = Gauge(
    "gateway_rate_limit_cost", "As how many requests one counts.", ("service",), multiprocess_mode="livemax"
)
LIMIT_SHARED = Gauge(
    "gateway_rate_limit_shared", "1 while the limit holds over all gateways.", multiprocess_mode="livemin"
)
UPSTREAM_CONNECTIONS = Gauge(
    "gateway_upstream_connections", "Open connections to services.", ("service",), multiprocess_mode="livesum"
)
UPSTREAM_WAITING = Gauge(
    "gateway_upstream_waiting", "Requests that wait for a connection.", ("service",), multiprocess_mode="livesum"
)
CLIENT_CONNECTIONS = Gauge("gateway_client_connections", "Open connections of clients.", multiprocess_mode="livesum")
TASKS = Gauge("gateway_tasks", "Tasks of the event loop.", multiprocess_mode="livesum")
DATABASE_CONNECTIONS = Gauge(
    "gateway_database_connections", "Connections to Postgres.", ("state",), multiprocess_mode="livesum"
)
SPANS = Counter("gateway_trace_spans_total", "Spans by what became of them.", ("result",))
SPANS_WAIT = Gauge(
    "gateway_trace_oldest_span_seconds",
    "For how long the oldest span has waited to be sent.",
    multiprocess_mode="livemax",
)
AUDIT_BACKLOG = Gauge(
    # All workers look at the same folder, so their numbers are not to be added up.
    "gateway_audit_backlog",
    "Audit entries not delivered yet.",
    ("place",),
    multiprocess_mode="livemax",
)
AUDIT_WAIT = Gauge(
    "gateway_audit_oldest_seconds",
    "For how long the oldest audit entry has waited to be delivered.",
    multiprocess_mode="livemax",
)
AUDIT_LOST = Counter("gateway_audit_lost_total", "Audit entries that are lost: neither disk nor memory had room.")


def exposition() -> bytes:
    """Return the metrics of all workers as Prometheus text."""
    if os.environ.get(FOLDER_VARIABLE):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY)
