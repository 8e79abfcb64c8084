"""Each host has a note for each host that is out for maintenance."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.maintenance.hosts import returning
from deploys.controller.run import Run
from deploys.engine.barrier import barrier
from deploys.facts.maintenance import DIRECTORY
from deploys.operations import system
from deploys.operations.file_set import File


def apply(run: Run) -> None:
    """Have the same known everywhere; a host that comes back is out until all others know better."""
    back = returning()
    if run.host.name != back:
        known(run=run)
    if back:
        barrier(name="All others count the host among them again")
    if run.host.name == back:
        known(run=run)


@deploy("Maintenance")
def known(run: Run) -> None:
    """Have a note for each host that is out, and none for others."""
    system.configured(
        name="Who is out is known",
        key="maintenance",
        files=[File(f"{DIRECTORY}/{name}", note.text()) for name, note in sorted(run.out.items())],
        purged=[DIRECTORY],
    )
