"""What a host that is no gateway any more gives back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import role
from deploys.roles.gateway.declaration import DECLARATION
from deploys.roles.gateway.release import DIRECTORY


@deploy("Gateway")
def remove(run: Run) -> None:
    """Have no gateway run here; audit events that it could not deliver yet stay."""
    role.removed(
        name="Gateway is gone",
        units=["tracseq-gateway.socket", "tracseq-gateway.service"],
        paths=[
            "/var/lib/tracseq/applied/tracseq-gateway.service",
            "/var/lib/tracseq/state/release_gateway.prom",
            "/var/lib/tracseq/releases/gateway",
            "/run/tracseq/before/tracseq-gateway.service",
            "/etc/tracseq/gateway.env",
            "/etc/systemd/system/tracseq-gateway.socket",
            DIRECTORY,
            *DECLARATION.traces,
        ],
        data=["/var/lib/tracseq-gateway"],
    )
