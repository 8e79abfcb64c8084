"""In which order load balancers change that share an address."""

from __future__ import annotations

from collections.abc import Callable

from deploys.controller import virtual_address
from deploys.controller.run import Run
from deploys.engine.barrier import barrier


def owner_last(run: Run, title: str, change: Callable[[Run], object]) -> None:
    """
    Have load balancers change, and the one that has their address once all others are well.

    Args:
        run: the run
        title: of the role that changes
        change: changes the host of this moment
    """
    shared = bool(virtual_address.addresses(run.site))
    last = shared and virtual_address.owns(run.site, run.machine.addresses)
    if not last:
        change(run)
    if shared:
        barrier(name=f"{title}: those without the virtual address are well")
    if last:
        change(run)
