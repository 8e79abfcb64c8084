"""A guard that stands before nothing any more goes last: services pass it until their turn has come."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import role
from deploys.roles.guard.declaration import DECLARATION, DIRECTORY, UNIT
from deploys.settings.catalogue import GUARDS

ROLE = "guard"


def finish(run: Run) -> None:
    """Have no guard on a host with nothing to guard."""
    if ROLE in run.machines[run.host.name].roles and GUARDS not in run.host.groups:
        removed(run=run)


@deploy("Guard")
def removed(run: Run) -> None:
    """Have it gone; nginx's package stays."""
    role.removed(
        name="It stands before nothing, and is gone",
        units=[UNIT],
        paths=[f"/var/lib/tracseq/applied/{UNIT}", DIRECTORY, *DECLARATION.traces],
    )
