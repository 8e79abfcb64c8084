"""What a host that is no gateway any more gives back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.releases import encryption
from deploys.controller.run import Run
from deploys.facts.balancer import GREEN
from deploys.operations import role
from deploys.roles.gateway.declaration import DECLARATION
from deploys.roles.gateway.release import DIRECTORY

GREEN_UNITS = ("tracseq-gateway-green.socket", "tracseq-gateway-green.service")
GREEN_PATHS = (
    "/var/lib/tracseq/applied/tracseq-gateway-green.service",
    "/etc/tracseq/gateway-green.env",
    f"{DIRECTORY}/{GREEN}",
    "/etc/systemd/system/tracseq-gateway-green.socket",
    "/etc/systemd/system/tracseq-gateway-green.service",
)
"""What a second gateway of a host has; its unit comes last, it is known by that."""


@deploy("Gateway")
def remove(run: Run) -> None:
    """Have no gateway run here; audit events that it could not deliver yet stay."""
    role.removed(
        name="Gateway is gone",
        units=["tracseq-gateway.socket", "tracseq-gateway.service", *GREEN_UNITS],
        paths=[
            "/var/lib/tracseq/applied/tracseq-gateway.service",
            "/var/lib/tracseq/state/release_gateway.prom",
            "/var/lib/tracseq/releases/gateway",
            "/run/tracseq/before/tracseq-gateway.service",
            "/etc/tracseq/gateway.env",
            encryption.GATEWAY,
            "/etc/systemd/system/tracseq-gateway.socket",
            *GREEN_PATHS,
            DIRECTORY,
            *DECLARATION.traces,
        ],
        data=["/var/lib/tracseq-gateway"],
    )
