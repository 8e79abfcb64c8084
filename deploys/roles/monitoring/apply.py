"""Prometheus asks every host of the site; Alertmanager tells people what it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyinfra.api import deploy

from deploys.controller import acme, alerts, credentials, exporters, virtual_address
from deploys.controller.alerts import Monitoring, seconds
from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.run import Run
from deploys.controller.services import watched
from deploys.controller.templates import render
from deploys.operations import service, system
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.monitoring.declaration import ALERTMANAGER, ALERTS_USER, CLUSTER_PORT
from deploys.roles.monitoring.rules import RULES, rules
from deploys.roles.monitoring.told import told

PROMETHEUS = "prometheus.service"
CREDENTIALS = alerts.PROMETHEUS
CONFIGURATION = "/etc/prometheus/alertmanager.yml"
BLACKBOX = "/etc/prometheus/blackbox.yml"
BLACKBOX_PORT = 9115
USERS = "/etc/sysusers.d/tracseq-alerts.conf"


@deploy("Monitoring")
def apply(run: Run) -> None:
    """Have every host asked, and people told."""
    data = run.host.data(Monitoring)
    system.configured(
        name="Who tells people",
        key="alerts-user",
        files=[File(USERS, f'u {ALERTS_USER} - "Tells people of alerts"\n')],
        apply=f"systemd-sysusers {USERS}",
    )
    service.configured(
        name="Alertmanager",
        unit=Unit(ALERTMANAGER, reload=f"systemctl reload {ALERTMANAGER}"),
        files=[
            File(
                CONFIGURATION,
                render("monitoring/alertmanager.yml.j2", **told(run)),
                group=ALERTS_USER,
                mode="640",
                secret=True,
            ),
            *cluster(run),
        ],
        validate=f"amtool check-config {CONFIGURATION}",
    )
    service.configured(
        name="Blackbox exporter",
        unit=Unit(f"{exporters.BLACKBOX}.service", reload=f"systemctl reload {exporters.BLACKBOX}"),
        files=[
            File(
                BLACKBOX,
                render(
                    "monitoring/blackbox.yml.j2",
                    domain=run.site.shared.domain,
                    authority=trusted(run),
                    directory=CREDENTIALS,
                ),
            ),
            File(
                f"{UNITS}/{exporters.BLACKBOX}.service.d/tracseq.conf",
                render("monitoring/blackbox.conf.j2", configuration=BLACKBOX, port=BLACKBOX_PORT),
                restart=True,
            ),
        ],
        validate=f"{exporters.BLACKBOX} --config.check --config.file={BLACKBOX}",
    )
    service.configured(
        name="Prometheus",
        unit=Unit(PROMETHEUS, reload=f"systemctl reload {PROMETHEUS}"),
        files=[
            File(f"{CREDENTIALS}/authority.crt", run.authority.certificate),
            *credentials.files(run, f"{CREDENTIALS}/client.crt"),
            File(
                "/etc/prometheus/prometheus.yml",
                render(
                    "monitoring/prometheus.yml.j2",
                    interval=seconds(data.scrape_interval),
                    environment=run.site.shared.environment,
                    directory=CREDENTIALS,
                    targets=list(exporters.targets(run.site)),
                    services=list(watched.instances(run.site)),
                    hosts={one.name: one.address for one in sorted(run.site.hosts, key=lambda one: one.name)},
                    balancers=asked(run),
                    blackbox=BLACKBOX_PORT,
                ),
            ),
            *(File(path, text) for path, text in rules(run.site.shared).items()),
            File(
                f"{UNITS}/{PROMETHEUS}.d/tracseq.conf",
                render(
                    "monitoring/prometheus.conf.j2",
                    retention=seconds(data.prometheus_retention),
                    size=f"{int(data.prometheus_retention_size)}B",
                ),
                restart=True,
            ),
        ],
        purged=[RULES],
        validate="promtool check config /etc/prometheus/prometheus.yml",
    )


def asked(run: Run) -> Mapping[str, str]:
    """Where it is asked what users get, by what alerts call it: at each load balancer, and where users ask."""
    balancers = {one.name: one.address for one in run.site.group("load_balancers")}
    return balancers | {address: address for address in virtual_address.addresses(run.site)}


def trusted(run: Run) -> str | None:
    """
    Who must have signed the site's public certificate: its own authority; None where that is somebody else's.

    That may be an authority of a laboratory's own, which no host knows: then only its end is looked at.
    """
    own = not acme.used(run.site) and all(
        balancer.value("certificate_file") is None for balancer in run.site.group("load_balancers")
    )
    return AUTHORITY_FILE if own else None


def cluster(run: Run) -> Iterator[File]:
    """Alertmanager's unit; and where there are several, how they agree on who tells people of what."""
    peers = [f"{one.address}:{CLUSTER_PORT}" for one in run.site.group("monitoring") if one.name != run.host.name]
    unit = render(
        "monitoring/alertmanager.conf.j2",
        peers=sorted(peers),
        listen=f"{run.host.address}:{CLUSTER_PORT}",
        directory=CREDENTIALS,
        user=ALERTS_USER,
        # The other may hear of the same a scrape and an evaluation later, and must have told of it by then.
        peer_timeout=seconds(15 + 2 * run.host.data(Monitoring).scrape_interval),
    )
    yield File(f"{UNITS}/{ALERTMANAGER}.d/tracseq.conf", unit, restart=True)
    if peers:
        settings = render("monitoring/cluster.yml.j2", directory=CREDENTIALS)
        yield File(f"{CREDENTIALS}/cluster.yml", settings, restart=True)
        yield File(f"{CREDENTIALS}/authority.crt", run.authority.certificate)
        yield from credentials.files(run, f"{CREDENTIALS}/member.crt")
