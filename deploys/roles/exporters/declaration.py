"""Every host of a site with monitoring: exporters, behind one port for the monitoring hosts only."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller import exporters
from deploys.settings.credential import Credential, of_host
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site

FRONT = "prometheus-exporter-exporter"
COLLECTORS = "prometheus-node-exporter-collectors"
"""Debian's: a timer of it leaves in a file which updates wait, and whether a reboot is needed."""
DIRECTORY = "/etc/tracseq/metrics"
"""Where a host keeps the certificate with which it answers."""


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it answers the monitoring hosts: they ask again in some seconds."""
    if site.group("monitoring"):
        yield of_host(host, "server", DIRECTORY, restart=True, take_up=f"systemctl try-restart {FRONT}.service")


DECLARATION = Declaration(
    title="Exporters",
    phase=3,
    packages_by_data=(*exporters.PACKAGES, COLLECTORS, FRONT),
    # The name of a program as the kernel keeps it: 15 characters.
    listeners=(Listener("metrics_port", ("prometheus-expo",), asked_by="monitoring"),),
    rules=(Rule(source="monitoring", destination="all", ports=("metrics_port",)),),
    traces=(f"{DIRECTORY}/server.crt",),
    credentials=credentials,
)
