"""A cluster that goes back to something, beside the one that runs: made and proved on the backup host, and sent."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.restore import Restore
from deploys.engine.barrier import barrier
from deploys.operations import restore as operations


def apply(restore: Restore) -> None:
    """Have it, where the run is to make one."""
    if not restore.makes:
        return
    if restore.run.host == restore.holder:
        made(restore=restore)
    barrier(name="The restored cluster is made and proved")
    if restore.run.host.name == restore.target:
        awaited(restore=restore)
    barrier(name="It is awaited")
    if restore.run.host == restore.holder:
        sent(restore=restore)
    barrier(name="It has arrived")


@deploy("Restore")
def made(restore: Restore) -> None:
    """Have the backup host make it: it alone reads the repository."""
    operations.made(
        name="Cluster is restored, recovered and proved on the backup host",
        goal=restore.goal,
        to=restore.run.site.host(restore.target).target,
    )


@deploy("Restore")
def awaited(restore: Restore) -> None:
    """Have the host that it is for wait for it."""
    operations.awaited(name=f"{restore.target} waits for it", goal=restore.goal, version=restore.run.topology.version)


@deploy("Restore")
def sent(restore: Restore) -> None:
    """Have it sent there."""
    operations.sent(
        name=f"It is sent to {restore.target} (takes as long as its data takes over the network)",
        goal=restore.goal,
        to=restore.run.site.host(restore.target).target,
        address=restore.target,
    )
