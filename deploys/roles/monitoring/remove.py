"""What a host that is no monitoring host any more gives back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import exporters
from deploys.controller.run import Run
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.monitoring.apply import BLACKBOX, CONFIGURATION, CREDENTIALS, PROMETHEUS, USERS
from deploys.roles.monitoring.declaration import ALERTMANAGER, DECLARATION


@deploy("Monitoring")
def remove(run: Run) -> None:
    """Have neither Prometheus nor Alertmanager run here; what they had measured stays."""
    role.removed(
        name="Prometheus and Alertmanager are gone",
        units=[PROMETHEUS, ALERTMANAGER, f"{exporters.BLACKBOX}.service"],
        paths=[
            f"/var/lib/tracseq/applied/{PROMETHEUS}",
            f"/var/lib/tracseq/applied/{ALERTMANAGER}",
            f"/var/lib/tracseq/applied/{exporters.BLACKBOX}.service",
            f"{UNITS}/{ALERTMANAGER}.d/tracseq.conf",
            f"{UNITS}/{exporters.BLACKBOX}.service.d/tracseq.conf",
            "/var/lib/tracseq/applied/alerts-user",
            USERS,
            BLACKBOX,
            "/etc/prometheus/rules",
            CONFIGURATION,
            CREDENTIALS,
            *DECLARATION.traces,
        ],
        data=["/var/lib/prometheus"],
    )
