"""The dashboards as the pages of the site read them, and as promtool checks them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from deploys.controller.dashboards import DASHBOARDS
from deploys.controller.dashboards.panel import WINDOW, Dashboard
from deploys.settings.site import Site

RULES = "/etc/tracseq-pages/panels.yml"
"""Where a host with pages has the queries of all panels as rules."""


def document(site: Site, host: str, scrape_interval: float) -> str:
    """
    What the pages of a host show, as JSON.

    Args:
        site: a panel of a group that it does not have is left out
        host: whose pages they are
        scrape_interval: how often everybody is asked, seconds
    """
    shown: dict[str, Any] = {
        "name": site.shared.environment,
        "host": host,
        "scrape": scrape_interval,
        "dashboards": [_of_site(dashboard, site) for dashboard in DASHBOARDS],
    }
    return json.dumps(shown, indent=1) + "\n"


def _of_site(dashboard: Dashboard, site: Site) -> dict[str, Any]:
    panels = [panel for panel in dashboard.panels if panel.group is None or site.group(panel.group)]
    return dataclasses.asdict(dataclasses.replace(dashboard, panels=tuple(panels)))


def as_rules(window: str = "5m") -> str:
    """
    Each query as a rule that nobody evaluates, so that promtool says which one is not PromQL.

    Args:
        window: over which rates are taken
    """
    rules = [
        {"record": f"panel:{dashboard.name}:{number}", "expr": query.expression.replace(WINDOW, window)}
        for dashboard in DASHBOARDS
        for number, query in enumerate(query for panel in dashboard.panels for query in panel.queries)
    ]
    # JSON is YAML as well.
    return json.dumps({"groups": [{"name": "panels", "rules": rules}]}, indent=1) + "\n"
