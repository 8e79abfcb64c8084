"""A gateway with an older release, by the way of every release."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.releases.rollback import Rollback
from deploys.roles.gateway.release import Release
from deploys.roles.gateway.serving import serving


def apply(rollback: Rollback) -> None:
    """Have a gateway run the release that it goes back to."""
    if rollback.run.host.name in rollback.releases:
        gateway(rollback=rollback)


@deploy("Gateway")
def gateway(rollback: Rollback) -> None:
    """Have the host run the older release, with the configuration of now."""
    serving(rollback.run, Release(rollback.releases[rollback.run.host.name], back=True))
