"""The switch to a restored cluster: nobody writes, it takes its place, and the others become copies of it."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import backups
from deploys.controller.restore import Restore
from deploys.engine.barrier import barrier
from deploys.operations import backup
from deploys.operations import restore as operations


def apply(restore: Restore) -> None:
    """Have the restored cluster be the primary's, where the run is to switch."""
    if not restore.switches:
        return
    host = restore.run.host
    others = [name for name in restore.run.topology.servers if name != restore.target]
    if host.name in others:
        handed_over(restore=restore)
    barrier(name="No other host takes writes")
    if host.name == restore.target:
        switched(restore=restore)
    barrier(name="The restored cluster takes writes")
    if host.name in others:
        set_aside(restore=restore)
    barrier(name="What cannot follow it is aside")


def backed_up(restore: Restore) -> None:
    """Have a full backup begun of what was switched to: those made before do not lead there any more."""
    if restore.run.host == restore.holder:
        renewed(restore=restore)


@deploy("Switch")
def handed_over(restore: Restore) -> None:
    """Have a primary on another host stopped."""
    operations.handed_over(
        name="A primary on another host is stopped",
        version=restore.run.topology.version,
        to=restore.run.site.host(restore.target).target,
    )


@deploy("Switch")
def switched(restore: Restore) -> None:
    """Have the restored cluster in its place."""
    operations.switched(
        name=f"The restored cluster is the primary on {restore.target}",
        version=restore.run.topology.version,
        aside=restore.aside,
    )


@deploy("Switch")
def set_aside(restore: Restore) -> None:
    """Have a host that has more than the restored cluster give way."""
    operations.set_aside(
        name="What cannot follow the restored cluster is moved aside",
        version=restore.run.topology.version,
        primary=restore.run.site.host(restore.target).target,
        aside=restore.aside,
    )


@deploy("Switch")
def renewed(restore: Restore) -> None:
    """Have a new full backup."""
    backup.renewed(
        name="A full backup of it is begun",
        user=backups.USER,
        stanza=backups.STANZA,
        primary=restore.run.site.host(restore.target).target,
    )
