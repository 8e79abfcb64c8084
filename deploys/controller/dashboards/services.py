"""Whether the platform answers, and each of its services."""

from __future__ import annotations

from deploys.controller.dashboards.panel import Dashboard, Panel, one

SERVICES = Dashboard(
    "services",
    "Services",
    "Whether the platform answers, how long each service takes, and which one fails.",
    (
        Panel(
            title="The site answers",
            unit="yes or no",
            queries=one('max by (instance) (probe_success{job="site"})', "through {{instance}}"),
            note="What a user gets, through each load balancer. If none answers: make status.",
            bad_below=1,
        ),
        Panel(
            title="Time until the site answers",
            unit="seconds",
            queries=one('max by (instance) (probe_duration_seconds{job="site"})', "through {{instance}}"),
            bad_above=2,
        ),
        Panel(
            title="What tells of itself",
            unit="share",
            queries=one("sum by (job) (up) / count by (job) (up)", "{{job}}"),
            note="Less than all: an exporter, or its whole host, does not answer. The alerts name it.",
            bad_below=1,
        ),
        Panel(
            title="Instances of a service that are well",
            unit="share",
            queries=one('avg by (service) (probe_success{job="services"})', "{{service}}"),
            note="Less than all: the alerts name the instance. Its host: journalctl -u 'tracseq-service-*'.",
            bad_below=1,
            group="services",
        ),
        Panel(
            title="Requests",
            unit="per second",
            queries=one('sum by (service) (rate(http_requests_total{service!=""}[$window]))', "{{service}}"),
        ),
        Panel(
            title="Requests that fail",
            unit="share",
            queries=one(
                '(sum by (service) (rate(http_requests_total{service!="",status=~"5.."}[$window]))'
                ' or 0 * sum by (service) (rate(http_requests_total{service!=""}[$window])))'
                ' / (sum by (service) (rate(http_requests_total{service!=""}[$window])) > 0)',
                "{{service}}",
            ),
            note="Look at that service first.",
            bad_above=0.001,
        ),
        Panel(
            title="Time in which 95 of 100 requests are answered",
            unit="seconds",
            queries=one(
                "histogram_quantile(0.95, sum by (le, service)"
                ' (rate(http_request_duration_seconds_bucket{service!=""}[$window])))',
                "{{service}}",
            ),
            bad_above=0.5,
        ),
        Panel(
            title="Breakers",
            unit="count",
            queries=one("max by (service) (gateway_breaker_state)", "{{service}}"),
            note="0: the service is asked. 2: it failed again and again, and is not asked for a while. 1: it is tried.",
            bad_above=1.5,
        ),
        Panel(
            title="Memory of Redis in use",
            unit="share",
            queries=one("redis_memory_used_bytes / (redis_memory_max_bytes > 0)", "{{instance}}"),
            note="When it is full, limits and revoked tokens are not kept any more: redis_memory gives it more.",
            bad_above=0.9,
        ),
        Panel(
            title="Commands of Redis",
            unit="per second",
            queries=one("rate(redis_commands_processed_total[$window])", "{{instance}}"),
        ),
    ),
)
