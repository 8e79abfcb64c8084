"""What a host can have before Postgres and Redis are ready: the releases of its services, beside those that run."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.controller.services import artifacts
from deploys.controller.services.names import DIRECTORY
from deploys.engine.turns import turns
from deploys.operations import services
from deploys.settings.catalogue import group, own


@deploy("Services' releases")
def prepare(run: Run) -> None:
    """Have the release of each service unpacked."""
    for name, service in turns(own(run.site.shared).items()):
        if group(name) not in run.host.groups:
            continue
        made = artifacts.of(name, service, run.machine)
        services.unpacked(
            name=f"{name}: release beside those that run",
            directory=f"{DIRECTORY}/{name}",
            release=made.release,
            archive=str(made.archive),
            sha256=made.sha256,
            kept=service.releases_kept,
            private=made.config is not None,
            wheels=made.wheels,
        )
