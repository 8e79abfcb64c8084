"""All that was lost with the machines: the first primary's cluster, and the state of services, before these begin."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api import deploy

from deploys.controller import backups
from deploys.controller.restore import Restore
from deploys.engine.barrier import barrier
from deploys.engine.said import said
from deploys.operations import restore as operations
from deploys.operations import restored_state
from deploys.operations.restored_state import Receiver
from deploys.roles.restore import beside
from deploys.settings import declarations


def apply(restore: Restore) -> None:
    """Have it put back from the backups, where nothing is."""
    if not backups.holders(restore.run.site):
        return
    beside.apply(restore)
    if not restore.makes:
        return
    host, to = restore.run.host, _receivers(restore)
    own = next((one.paths for one in to if one.name == host.name), ())
    if own:
        state_awaited(paths=own)
    barrier(name="State of services is awaited")
    if host == restore.holder:
        state_sent(restore=restore, to=to)
    barrier(name="State of services is sent")
    if own:
        state_placed(paths=own)
    # Last: a run that finds a cluster has nothing more to put back.
    barrier(name="State of services is in its place")
    if host.name == restore.target:
        placed(restore=restore)


def told(restore: Restore, sentence: Callable[[], str]) -> None:
    """
    Have it said how the site came up, once all of it has.

    Args:
        restore: the run
        sentence: says it
    """
    barrier(name="The site is up")
    if restore.run.host.name == restore.target:
        said(name="How it came up", sentence=sentence)


def _receivers(restore: Restore) -> tuple[Receiver, ...]:
    found = ((peer, declarations.states(restore.run.site, peer)) for peer in restore.run.site.hosts)
    return tuple(
        Receiver(peer.target, peer.name, tuple(state.path for state in states)) for peer, states in found if states
    )


@deploy("Restore")
def state_awaited(paths: tuple[str, ...]) -> None:
    """Have a host wait for the state of its services."""
    restored_state.awaited(name="State of services is awaited", paths=paths)


@deploy("Restore")
def state_sent(restore: Restore, to: tuple[Receiver, ...]) -> None:
    """Have it sent to all of them."""
    restored_state.sent(name="State of services is sent", goal=restore.goal, to=to)


@deploy("Restore")
def state_placed(paths: tuple[str, ...]) -> None:
    """Have it where its services look for it."""
    restored_state.placed(name="State of services is in its place", paths=paths)


@deploy("Restore")
def placed(restore: Restore) -> None:
    """Have the cluster where a new one would be made otherwise."""
    operations.placed(name="Cluster is the one from the backup", version=restore.run.topology.version)
