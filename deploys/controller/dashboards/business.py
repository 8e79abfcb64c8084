"""What the laboratory does with the platform: whose requests, for which service, and for what."""

from __future__ import annotations

from deploys.controller.dashboards.panel import Dashboard, Panel, one

_BY_ROUTE = '60 * sum by (method, route) (rate(gateway_route_requests_total{service="SERVICE"}[$window]))'


def _calls(title: str, service: str) -> Panel:
    return Panel(
        title=title,
        unit="per minute",
        queries=one(_BY_ROUTE.replace("SERVICE", service), "{{method}} {{route}}"),
    )


BUSINESS = Dashboard(
    "business",
    "Laboratory",
    "Who uses the platform, and for what.",
    (
        Panel(
            title="Requests within 24 hours, by tenant",
            unit="count",
            queries=one("sort_desc(sum by (tenant) (increase(gateway_tenant_requests_total[1d])))", "{{tenant}}"),
            note="(none): requests that need no token.",
            now=True,
        ),
        Panel(
            title="Requests within 24 hours, by service",
            unit="count",
            queries=one("sort_desc(sum by (service) (increase(gateway_tenant_requests_total[1d])))", "{{service}}"),
            now=True,
        ),
        Panel(
            title="Requests, by tenant",
            unit="per minute",
            queries=one("60 * sum by (tenant) (rate(gateway_tenant_requests_total[$window]))", "{{tenant}}"),
        ),
        Panel(
            title="Requests, by service and tenant",
            unit="per minute",
            queries=one(
                "60 * sum by (service, tenant) (rate(gateway_tenant_requests_total[$window]))",
                "{{service}}, {{tenant}}",
            ),
        ),
        _calls("Samples, by route", "sample"),
        _calls("Sequencing, by route", "sequencing"),
    ),
)
