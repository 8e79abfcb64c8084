"""An upgrade of Postgres to another major version, in the order in which there is always a way back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import backups
from deploys.controller.postgres.upgrading import Change
from deploys.engine.barrier import barrier
from deploys.operations import repository
from deploys.operations.postgres import upgrade
from deploys.roles.postgres.apply import fenced, primary

BACKUP_AGE = 3600
"""Seconds: a run that was killed needs no second backup."""


def apply(change: Change) -> None:
    """Have the primary upgraded and running, and the replicas' old data put aside."""
    name, topology = change.run.host.name, change.run.topology
    old, holds = change.upgrade.old, change.run.host in backups.holders(change.run.site)
    if old is None:
        return
    if name == topology.primary and change.upgrade.begins:
        checked(change=change, old=old)
    barrier(name="pg_upgrade found nothing in the way")
    if holds and change.upgrade.begins:
        backed_up(change=change)
    barrier(name="There is a backup")
    if name == topology.primary and change.upgrade.begins:
        stopped(change=change, old=old)
    barrier(name="Nobody takes writes")
    if name in change.upgrade.replicas or (name == topology.primary and not change.upgrade.begins):
        ended(change=change, old=old)
    if holds and not _runs(change):
        drained(change=change)
    barrier(name="Replicas and repository have all WAL of the old version")
    if name == topology.primary:
        made(change=change, old=old)
    barrier(name="The primary's data is of the new version")
    if name in change.upgrade.replicas:
        put_aside(change=change, old=old)
    if name in topology.servers:
        fenced(run=change.run)
    if name == topology.primary:
        primary(run=change.run)
        finished(change=change)
    barrier(name="The primary runs with the new version")


def _runs(change: Change) -> bool:
    """Whether the primary ran with the new version when this run began."""
    cluster = change.run.topology.servers[change.run.topology.primary].cluster
    return cluster is not None and cluster.running


@deploy("Upgrade")
def checked(change: Change, old: int) -> None:
    """Have pg_upgrade say what would stop it, while all runs."""
    upgrade.checked(name="pg_upgrade finds nothing in the way", old=old, new=change.upgrade.new)


@deploy("Upgrade")
def backed_up(change: Change) -> None:
    """Have a backup from right before."""
    repository.recent(name="A backup from before (takes as long as its data takes)", maximum_age=BACKUP_AGE)


@deploy("Upgrade")
def stopped(change: Change, old: int) -> None:
    """Have the primary stopped, once all replicas have all of its WAL."""
    upgrade.stopped(
        name=f"{change.run.host.name} stops, and its replicas have all that it wrote",
        old=old,
        new=change.upgrade.new,
        replicas={name: change.run.site.host(name).target for name in change.upgrade.replicas},
    )


@deploy("Upgrade")
def ended(change: Change, old: int) -> None:
    """Have no server run on the old data any more."""
    upgrade.ended(name="The old server is stopped", old=old)


@deploy("Upgrade")
def drained(change: Change) -> None:
    """Have what the old primary wrote last in the repository, which takes no WAL of it afterwards."""
    repository.drained(name="All WAL of the old version is in the repository")


@deploy("Upgrade")
def made(change: Change, old: int) -> None:
    """Have the primary's data of the new version."""
    upgrade.made(name="pg_upgrade", old=old, new=change.upgrade.new)


@deploy("Upgrade")
def put_aside(change: Change, old: int) -> None:
    """Have a replica's old data where it is in nobody's way."""
    upgrade.put_aside(name="The replica's old data is put aside", old=old, new=change.upgrade.new)


@deploy("Upgrade")
def finished(change: Change) -> None:
    """Have statistics and extensions."""
    upgrade.finished(name="Statistics and extensions", new=change.upgrade.new)
