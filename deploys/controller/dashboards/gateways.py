"""The gateway's own: requests, answers and errors, as the deployment guide has them, and what is behind them."""

from __future__ import annotations

from deploys.controller.dashboards.panel import Dashboard, Panel, Query, one

GATEWAYS = Dashboard(
    "gateways",
    "Gateways",
    "How many requests come, how long they take, and how many fail.",
    (
        Panel(
            title="Requests",
            unit="per second",
            queries=one("sum by (method, status) (rate(http_requests_total[$window]))", "{{method}} {{status}}"),
        ),
        Panel(
            title="Time of an answer",
            unit="seconds",
            queries=(
                Query(
                    "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[$window])))",
                    "95 of 100 are faster",
                ),
                Query(
                    "histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[$window])))",
                    "half are faster",
                ),
            ),
            note="The same by service is among the services: the slow one is seen there.",
            bad_above=0.5,
        ),
        Panel(
            title="Requests that fail",
            unit="share",
            queries=one(
                '(sum(rate(http_requests_total{status=~"5.."}[$window])) or vector(0))'
                " / (sum(rate(http_requests_total[$window])) > 0)",
                "answered with 5xx",
            ),
            note="99.9 % are to be answered well. On a gateway: journalctl -u tracseq-gateway -p warning.",
            bad_above=0.001,
        ),
        Panel(
            title="Requests under way",
            unit="count",
            queries=one("sum by (instance) (gateway_requests_in_flight)", "{{instance}}"),
        ),
        Panel(
            title="Connections of clients",
            unit="count",
            queries=one("sum by (instance) (gateway_client_connections)", "{{instance}}"),
        ),
        Panel(
            title="Connections to Postgres",
            unit="count",
            queries=one("sum by (instance, state) (gateway_database_connections)", "{{instance}} {{state}}"),
            note="A gateway without any keeps its audit entries until it has one again.",
        ),
        Panel(
            title="Requests that wait for a service's connection",
            unit="count",
            queries=one("sum by (service) (gateway_upstream_waiting)", "{{service}}"),
            note="A service that answers too slowly for its requests: look at that service.",
            bad_above=10,
        ),
        Panel(
            title="Requests that the rate limit refuses",
            unit="per second",
            queries=one("sum by (instance) (rate(gateway_rate_limited_total[$window]))", "{{instance}}"),
        ),
        Panel(
            title="Audit entries that are not delivered",
            unit="count",
            queries=one("sum by (instance, place) (gateway_audit_backlog)", "{{instance}} in {{place}}"),
            note="They stay on the gateway's disk until Postgres takes them.",
            bad_above=1000,
        ),
    ),
)
