"""Every host of a site with monitoring: exporters, behind one port for the monitoring hosts only."""

from __future__ import annotations

from deploys.settings.declaration import Declaration, Listener
from deploys.settings.rule import Rule

DIRECTORY = "/etc/tracseq/metrics"
"""Where a host keeps the certificate with which it answers."""

DECLARATION = Declaration(
    title="Exporters",
    # The name of a program as the kernel keeps it: 15 characters.
    listeners=(Listener("metrics_port", ("prometheus-expo",), asked_by="monitoring"),),
    rules=(Rule(source="monitoring", destination="all", ports=("metrics_port",)),),
    traces=(f"{DIRECTORY}/server.crt",),
)
