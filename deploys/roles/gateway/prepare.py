"""What a gateway's host can have before Postgres and Redis are ready: the release, beside the current one."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.releases import origin
from deploys.controller.run import Run
from deploys.facts.gateway import PROGRAM
from deploys.operations import release
from deploys.roles.gateway.declaration import Gateways
from deploys.roles.gateway.release import DIRECTORY

MODULES = (
    "tracseq_gateway.server.process",
    "tracseq_gateway.application",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
)
"""What it begins with; uvicorn imports its own and the application only when it runs."""


@deploy("Gateway release")
def prepare(run: Run) -> None:
    """Have this release installed, without a network, beside the one that runs."""
    made = run.bundle(run.host.name)
    release.installed(
        name="Installed beside the current one",
        directory=DIRECTORY,
        release=made.release,
        archive=str(made.archive),
        modules=MODULES,
        record=origin.record(),
        history=PROGRAM,
        kept=run.host.data(Gateways).gateway_releases_kept,
    )
