"""Monitoring hosts."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from deploys.controller.alerts import PASSWORD, PROMETHEUS, SLACK, TEAMS, WEBHOOKS, AlertMail, Monitoring, webhooks
from deploys.settings.credential import Credential, of_host
from deploys.settings.debian import RELEASES
from deploys.settings.declaration import Declaration, Listener, Machine
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site

IMPLICIT_TLS = 465
"""Where TLS begins at once (RFC 8314, 3.3): Debian's Alertmanagers ask for STARTTLS there all the same, in vain."""
HEARTBEAT = 60
"""Seconds after which Prometheus tells Alertmanager again of an alert that goes on (--rules.alert.resend-delay)."""
CERTIFICATE_ENDS = 14 * 86400
"""Seconds before the end of a certificate from which an alert says so (files/monitoring/rules/site.yml)."""
ALERTMANAGER = "prometheus-alertmanager.service"
ALERTS_USER = "tracseq-alerts"
"""As whom Alertmanager runs: Debian's is that of all exporters, any of which could read how mail is sent."""
CLUSTER_PORT = 9094
"""At which Alertmanagers of several hosts agree on who tells people of what: the one that is theirs by default."""


def problems(site: Site) -> Iterator[str]:
    """Alerts that would reach nobody, or be sent for no reason."""
    if not site.group("monitoring"):
        return
    data, environment = site.data(AlertMail), site.shared.environment
    if data.alert_mail_port and not (data.alert_mail_server and data.alert_mail_to and data.alert_mail_from):
        yield "alert_mail_port (in group_data/all.py) needs alert_mail_server, alert_mail_to and alert_mail_from."
    if data.alert_mail_port == IMPLICIT_TLS:
        yield f"alert_mail_port is {IMPLICIT_TLS}: give the server's port for STARTTLS, as a rule 587."
    if data.alert_mail_user and PASSWORD not in site.secrets:
        yield f"alert_mail_user (in group_data/all.py) needs {PASSWORD} in .env.{environment}."
    if data.alert_mail_user and not data.alert_mail_tls:
        yield "alert_mail_user (in group_data/all.py) needs alert_mail_tls: its password would be sent in clear."
    addresses = [url for urls in webhooks(site).values() for url in urls]
    if not data.alert_mail_port and not addresses:
        yield (
            "alerts would reach nobody: set alert_mail_… (in group_data/all.py), or "
            f"{WEBHOOKS}, {SLACK} or {TEAMS} in .env.{environment}."
        )
    for number, url in enumerate(map(urlsplit, addresses), 1):
        if url.scheme not in ("http", "https") or not url.hostname:
            yield f"webhook {number} for alerts in .env.{environment} is no address: write https://… or http://…"
        elif url.port not in (None, 80, 443) and not any(url.port in rule.ports for rule in site.rules):
            yield (
                f"webhook {number} for alerts is at port {url.port}, to which the firewall lets nobody: give "
                "monitoring and load_balancers a rule in firewall_extra_rules."
            )
    yield from _durations(site)


def _durations(site: Site) -> Iterator[str]:
    """Times that do not go together."""
    if site.shared.certificate_renewal <= CERTIFICATE_ENDS:
        yield "certificate_renewal (in group_data/all.py) must be more than 14 days: alerts tell of what has less left."
    for host in site.group("monitoring"):
        data = host.data(Monitoring)
        least = HEARTBEAT + 2 * data.scrape_interval
        if data.dead_mans_switch_after < least:
            yield (
                f"dead_mans_switch_after (of {host.name}) must be at least {least:.0f}s: Prometheus speaks once "
                "a minute of an alert that goes on, and only after an evaluation."
            )


def obstacles(site: Site, host: SiteHost, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """A Debian whose Alertmanager cannot tell whom it is to tell."""
    release = f"{machine.number('version'):.0f}"
    if TEAMS in site.secrets and release in RELEASES and not RELEASES[release].alertmanager_has_teams:
        yield "Alertmanager", f"that of Debian {release} knows no Teams", f"Debian 13, or {WEBHOOKS} instead of {TEAMS}"


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which Prometheus asks all hosts, read for each connection; and of Alertmanager, where there are several."""
    yield of_host(host, "client", PROMETHEUS, group="prometheus", mode="640")
    if len(site.group("monitoring")) > 1:
        # Prometheus tells it again of all that goes on, and what it told people it has on disk.
        take_up = f"systemctl try-restart {ALERTMANAGER}"
        yield of_host(host, "member", PROMETHEUS, group=ALERTS_USER, mode="640", restart=True, take_up=take_up)


DECLARATION = Declaration(
    title="Monitoring",
    phase=3,
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
    certificates=(f"{PROMETHEUS}/authority.crt",),
    credentials=credentials,
    problems=problems,
    obstacles=obstacles,
)
