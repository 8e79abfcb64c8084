"""Whom Alertmanager tells, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploys.controller import alerts
from deploys.controller.alerts import Monitoring, seconds
from deploys.controller.run import Run


def told(run: Run) -> Mapping[str, Any]:
    """The values of its configuration."""
    data = run.host.data(Monitoring)
    return {
        "mail": alerts.mail(run.site),
        "webhooks": alerts.webhooks(run.site),
        "wait": seconds(data.alert_group_wait),
        "interval": seconds(data.alert_group_interval),
        "repeat": seconds(data.alert_repeat_interval),
    }


def told_without_secrets(run: Run) -> Mapping[str, Any]:
    """The same, with words of no meaning where there are secrets: a command may have it in its arguments."""
    found = told(run)
    ways = {way: ["https://example.org/" for _ in urls] for way, urls in found["webhooks"].items()}
    return {**found, "mail": {**found["mail"], "password": "password"}, "webhooks": ways}
