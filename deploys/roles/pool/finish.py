"""A pool that the data has no more goes last: gateways write through it until their turn has come."""

from __future__ import annotations

from deploys.controller.run import Run
from deploys.engine.barrier import barrier
from deploys.roles.pool.declaration import DECLARATION
from deploys.roles.pool.remove import remove

ROLE = "pool"


def finish(run: Run) -> None:
    """Have no pool, where the site's data has none and every gateway knows that."""
    have = [name for name, machine in run.machines.items() if ROLE in machine.roles]
    if run.site.shared.postgres_pool_port or not have:
        return
    if run.host.groups & {DECLARATION.group, "gateways"}:
        barrier(name="Pool: nobody writes through it any more")
    if run.host.name in have:
        remove(run=run)
