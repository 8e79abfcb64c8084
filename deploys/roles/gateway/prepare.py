"""What a gateway's host can have before Postgres and Redis are ready: the release, beside the current one."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.releases import origin
from deploys.controller.run import Run
from deploys.facts.gateway import PROGRAM
from deploys.operations import release
from deploys.roles.gateway.declaration import Gateways
from deploys.roles.gateway.release import DIRECTORY


@deploy("Gateway release")
def prepare(run: Run) -> None:
    """Have this release installed, without a network, beside the one that runs."""
    made = run.bundle(run.host.name)
    release.installed(
        name="Installed beside the current one",
        directory=DIRECTORY,
        release=made.release,
        archive=str(made.archive),
        program="tracseq_gateway.server.process",
        record=origin.record(),
        history=PROGRAM,
        kept=run.host.data(Gateways).gateway_releases_kept,
    )
