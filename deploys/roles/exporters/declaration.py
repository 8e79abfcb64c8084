"""Every host of a site with monitoring: exporters, behind one port for the monitoring hosts only."""

from __future__ import annotations

from deploys.controller import exporters
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.rule import Rule

FRONT = "prometheus-exporter-exporter"
COLLECTORS = "prometheus-node-exporter-collectors"
"""Debian's: a timer of it leaves in a file which updates wait, and whether a reboot is needed."""
DIRECTORY = "/etc/tracseq/metrics"
"""Where a host keeps the certificate with which it answers."""

DECLARATION = Declaration(
    title="Exporters",
    phase=3,
    packages_by_data=(*exporters.PACKAGES, COLLECTORS, FRONT),
    # The name of a program as the kernel keeps it: 15 characters.
    listeners=(Listener("metrics_port", ("prometheus-expo",), asked_by="monitoring"),),
    rules=(Rule(source="monitoring", destination="all", ports=("metrics_port",)),),
    traces=(f"{DIRECTORY}/server.crt",),
)
