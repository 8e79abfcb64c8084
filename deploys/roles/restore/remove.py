"""What a host gives back to which nothing is restored any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.facts import restore, restored_state
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.restore.declaration import DECLARATION, DIRECTORY

PROGRAM = "/usr/local/lib/tracseq/tracseq_receive.py"


@deploy("Restore")
def remove(run: Run) -> None:
    """Have nothing here that takes what is restored."""
    units = [restore.RECEIVER, restored_state.RECEIVER]
    role.removed(
        name="Nothing restored is taken any more",
        units=units,
        paths=[
            "/var/lib/tracseq/applied/restore",
            *(f"{UNITS}/{unit}" for unit in units),
            DIRECTORY,
            *DECLARATION.traces,
        ],
    )
