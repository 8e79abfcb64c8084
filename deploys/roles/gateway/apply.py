"""The API gateway: the database that this release needs, and one instance at a time."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.releases.migrations import migrations
from deploys.controller.run import Run
from deploys.operations import release
from deploys.roles.gateway.environment import as_user, environment
from deploys.roles.gateway.release import DIRECTORY, Release
from deploys.roles.gateway.serving import serving


@deploy("Gateway")
def apply(run: Run) -> None:
    """Have one gateway that runs this release with this configuration, and is healthy."""
    site, host = run.site, run.host
    made, slots = run.bundle(host.name), run.slots
    # The first of this run, which a limit may have left with one that is not the site's first.
    if host.name == next(peer.name for peer in site.group("gateways") if peer.name in run.machines):
        release.migrated(
            name="Tables are those that the release needs",
            directory=DIRECTORY,
            release=made.release,
            command=f"{as_user(site.shared.platform_user)} bin/python -m tracseq_gateway migrate",
            revisions=list(migrations()),
            database=site.shared.postgres_database,
            server=site.host(run.topology.primary).target,
            # Not through a pool: what a migration sets for its session must stay with it.
            environment=environment(run, site.shared.postgres_port, slots.target.port),
        )
    serving(run, Release(made.release), slots)
