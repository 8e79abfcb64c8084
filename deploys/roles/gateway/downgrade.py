"""Gateways that get a release from before a migration which took away what it uses: the migration goes first."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import backups
from deploys.controller.releases import slots
from deploys.controller.releases.downgrade import Downgrade
from deploys.controller.releases.schema import Leaving
from deploys.controller.run import Run
from deploys.engine.barrier import barrier
from deploys.operations import downgrade as schema
from deploys.operations import repository
from deploys.roles.gateway import rollback
from deploys.roles.gateway.environment import as_user, environment
from deploys.roles.gateway.release import DIRECTORY

BACKUP_AGE = 86400
"""Seconds since the last backup: the restore point is reached from it, and need not be in one."""


def apply(downgrade: Downgrade) -> None:
    """Have a way back to what goes, then the database as it was before, then every gateway with the older release."""
    run, leaving = downgrade.rollback.run, downgrade.leaving
    if run.host.name == downgrade.holder:
        kept()
    barrier(name="What goes can be brought back")
    if leaving and run.host.name == leaving.host:
        taken_back(run=run, leaving=leaving, downgrade=downgrade)
    barrier(name="The database is one for the older release")
    rollback.apply(downgrade.rollback)


@deploy("Downgrade")
def kept() -> None:
    """Have a backup from which a restore can come to the moment before."""
    repository.recent(name="A backup from before (takes as long as its data takes)", maximum_age=BACKUP_AGE)


@deploy("Downgrade")
def taken_back(run: Run, leaving: Leaving, downgrade: Downgrade) -> None:
    """Have what the migrations did taken back, by the release that knows them, while no gateway runs."""
    site, every = run.site, slots.known(run.site.shared)
    schema.made(
        name=f"The gateways stop, and the database goes back to migration {leaving.to}",
        directory=DIRECTORY,
        release=leaving.release,
        run_as=as_user(site.shared.platform_user),
        revisions=leaving.revisions,
        to=leaving.to,
        database=site.shared.postgres_database,
        server=site.host(run.topology.primary).target,
        # Not through a pool, as a migration.
        environment=environment(run, site.shared.postgres_port, site.shared.gateway_port),
        stops=[peer.target for peer in site.group("gateways")],
        units=[*(slot.socket for slot in every), *(slot.unit for slot in every)],
        # Of this run alone, as its name has the moment; made last, so that it has all that gateways wrote.
        holder=site.host(downgrade.holder).target if downgrade.holder else None,
        point=downgrade.point,
        owner=backups.USER,
    )
