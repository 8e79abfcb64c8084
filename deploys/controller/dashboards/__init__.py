"""What is worth looking at: one list of panels, for Grafana and for the pages of the site itself."""

from __future__ import annotations

from deploys.controller.dashboards.business import BUSINESS
from deploys.controller.dashboards.gateways import GATEWAYS
from deploys.controller.dashboards.hosts import HOSTS
from deploys.controller.dashboards.panel import Dashboard
from deploys.controller.dashboards.postgres import POSTGRES
from deploys.controller.dashboards.services import SERVICES

DASHBOARDS: tuple[Dashboard, ...] = (GATEWAYS, SERVICES, POSTGRES, BUSINESS, HOSTS)
"""All of them, in their order."""
