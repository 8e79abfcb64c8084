"""What is wrong with rules, panels and routes, found before any host is changed."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.dashboards import page
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import alerts
from deploys.roles.monitoring.rules import rules
from deploys.roles.monitoring.told import told_without_secrets


@deploy("Rules and routes")
def check(run: Run) -> None:
    """Have them looked at by the programs that this host has."""
    alerts.well_formed(
        name="Promtool and amtool find nothing wrong",
        rules={**rules(run.site.shared), page.RULES: page.as_rules()},
        routes=render("monitoring/alertmanager.yml.j2", **told_without_secrets(run)),
    )
