"""Monitoring hosts."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller.alerts import PASSWORD, SLACK, TEAMS, WEBHOOKS, AlertMail, Monitoring
from deploys.settings.debian import RELEASES
from deploys.settings.declaration import Declaration, Listener, Machine
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site

CLUSTER_PORT = 9094
"""At which Alertmanagers of several hosts agree on who tells people of what: the one that is theirs by default."""


def problems(site: Site) -> Iterator[str]:
    """Alerts that would reach nobody, and what mail lacks."""
    if not site.group("monitoring"):
        return
    data, environment = site.data(AlertMail), site.shared.environment
    if data.alert_mail_port and not (data.alert_mail_server and data.alert_mail_to and data.alert_mail_from):
        yield "alert_mail_port (in group_data/all.py) needs alert_mail_server, alert_mail_to and alert_mail_from."
    if data.alert_mail_user and PASSWORD not in site.secrets:
        yield f"alert_mail_user (in group_data/all.py) needs {PASSWORD} in .env.{environment}."
    if not data.alert_mail_port and not site.secrets.keys() & {WEBHOOKS, SLACK, TEAMS}:
        yield (
            "alerts would reach nobody: set alert_mail_… (in group_data/all.py), or "
            f"{WEBHOOKS}, {SLACK} or {TEAMS} in .env.{environment}."
        )


def obstacles(site: Site, host: SiteHost, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """A Debian whose Alertmanager cannot tell whom it is to tell."""
    release = f"{machine.number('version'):.0f}"
    if TEAMS in site.secrets and release in RELEASES and not RELEASES[release].alertmanager_has_teams:
        yield "Alertmanager", f"that of Debian {release} knows no Teams", f"Debian 13, or {WEBHOOKS} instead of {TEAMS}"


DECLARATION = Declaration(
    title="Monitoring",
    group="monitoring",
    required=False,
    model=Monitoring,
    packages=("prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter"),
    listeners=(Listener(CLUSTER_PORT, ("prometheus-aler",)),),
    shared=AlertMail,
    rules=(
        Rule(source="monitoring", destination="monitoring", ports=(CLUSTER_PORT,)),
        Rule(source="monitoring", destination="anywhere", ports=("alert_mail_port",)),
    ),
    optional_secrets={PASSWORD: 1, WEBHOOKS: 8, SLACK: 8, TEAMS: 8},
    traces=("/etc/systemd/system/prometheus.service.d/tracseq.conf",),
    units=("prometheus.service", "prometheus-alertmanager.service", "prometheus-blackbox-exporter.service"),
    certificates=("/etc/prometheus/tracseq/client.crt", "/etc/prometheus/tracseq/authority.crt"),
    problems=problems,
    obstacles=obstacles,
)
