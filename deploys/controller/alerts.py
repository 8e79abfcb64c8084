"""Whom the site tells that something is wrong with it: what monitoring hosts and those that watch them agree on."""

from __future__ import annotations

from typing import Any

from deploys.settings.data import Data, value
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from deploys.settings.units import Duration, Port, Size

PASSWORD = "ALERT_MAIL_PASSWORD"
WEBHOOKS, SLACK, TEAMS = "ALERT_WEBHOOKS", "ALERT_SLACK_WEBHOOKS", "ALERT_TEAMS_WEBHOOKS"
SWITCH = "/etc/tracseq/dead-mans-switch"
"""Where a load balancer keeps the certificate with which it asks monitoring hosts whether they live."""
PROMETHEUS = "/etc/prometheus/tracseq"
"""Where a monitoring host keeps the certificates with which it asks others."""


class AlertMail(Data):
    """group_data/all.py"""

    alert_mail_server: str = value("name or address of the mail server for alerts")
    alert_mail_port: Port | None = value(
        "its port, to which the firewall lets monitoring hosts and load balancers; None: no mail"
    )
    alert_mail_to: list[str] = value("addresses that get a mail for each alert")
    alert_mail_from: str = value("address that these mails are from")
    alert_mail_user: str | None = value("user at the mail server; None: it asks for none")
    alert_mail_tls: bool = value("whether the mail server must offer STARTTLS")


class Monitoring(Data):
    """group_data/monitoring.py"""

    prometheus_retention: Duration = value("for how long what was measured is kept", "guide: PROMETHEUS_RETENTION_DAYS")
    prometheus_retention_size: Size = value("what it may take of the disk")
    scrape_interval: Duration = value("how often every host is asked", "Prometheus")
    alert_group_wait: Duration = value("how long an alert waits for others of its kind", "Alertmanager")
    alert_group_interval: Duration = value("after what time others of its kind are told", "Alertmanager")
    alert_repeat_interval: Duration = value("after what time an alert that goes on is told again")
    dead_mans_switch_after: Duration = value(
        "how long monitoring may be silent before the load balancers tell people themselves"
    )


def seconds(duration: float) -> str:
    """A duration as Prometheus and Alertmanager write it."""
    return f"{duration:.0f}s"


def watched(site: Site, host: SiteHost) -> list[SiteHost]:
    """The monitoring hosts over which a load balancer watches; no host watches over itself."""
    if "load_balancers" not in host.groups:
        return []
    return [one for one in site.group("monitoring") if one.name != host.name]


def mail(site: Site) -> dict[str, Any]:
    """How mail is sent; ``server`` is empty where none is."""
    data = site.data(AlertMail)
    name = f"[{data.alert_mail_server}]" if ":" in data.alert_mail_server else data.alert_mail_server
    return {
        "server": f"{name}:{data.alert_mail_port}" if data.alert_mail_port else "",
        "sender": data.alert_mail_from,
        "to": data.alert_mail_to,
        "tls": data.alert_mail_tls,
        "user": data.alert_mail_user,
        "password": site.secret(PASSWORD) if data.alert_mail_user else "",
    }


def webhooks(site: Site) -> dict[str, list[str]]:
    """The addresses that alerts are posted to, by how: ``plain`` (as Alertmanager does), ``slack`` and ``teams``."""
    ways = {"plain": WEBHOOKS, "slack": SLACK, "teams": TEAMS}
    return {way: site.secret(name).split() if name in site.secrets else [] for way, name in ways.items()}
