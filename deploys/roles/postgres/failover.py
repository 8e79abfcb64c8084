"""A change of the primary, in the order in which nothing is lost."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import backups
from deploys.controller.postgres.change import Change
from deploys.engine.barrier import barrier
from deploys.operations.postgres import primary


def apply(change: Change) -> None:
    """Have the primary be the one that the change names, and a former one that ended in order follow it."""
    host = change.run.host.name
    if host == change.failover.target:
        made_ready(change=change)
    barrier(name="WAL is kept for those that will follow")
    if host == change.failover.former:
        stopped(change=change)
    barrier(name="Nobody takes writes")
    if host == change.failover.target and change.failover.promotes:
        promoted(change=change)
    barrier(name="The new primary takes writes")
    if host in change.run.topology.replicas:
        follows(change=change)


@deploy("Failover")
def made_ready(change: Change) -> None:
    """Have the next primary keep WAL for those that will follow it."""
    primary.slots_kept(
        name=f"{change.failover.target} keeps WAL for those that will follow it",
        version=change.run.topology.version,
        replicas=[peer.name for peer in change.run.site.group("postgres") if peer.name != change.failover.target],
        others=backups.slots(change.run.site),
    )


@deploy("Failover")
def stopped(change: Change) -> None:
    """Have the primary stopped, once the next one has all of its WAL."""
    target = change.failover.target
    primary.handed_over(
        name=f"{change.failover.former} stops, and {target} has all that it wrote",
        version=change.run.topology.version,
        to=target,
        server=change.run.site.host(target).target,
    )


@deploy("Failover")
def promoted(change: Change) -> None:
    """Have the next primary take writes; every host of the site hears of it."""
    primary.promoted(
        name=f"{change.failover.target} is the primary",
        version=change.run.topology.version,
        handed_over=change.failover.former is not None,
    )


@deploy("Failover")
def follows(change: Change) -> None:
    """Have a former primary that ended in order come up as a replica."""
    topology = change.run.topology
    primary.demoted(
        name=f"A former primary is a replica of {topology.primary}",
        version=topology.version,
        server=change.run.site.host(topology.primary).target,
    )
