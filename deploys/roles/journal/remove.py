"""What a host gives back that sends its journal to nobody any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import logs
from deploys.controller.run import Run
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.journal.declaration import DECLARATION, NAME, WATCH

PROGRAM = f"/usr/local/sbin/{WATCH}"


@deploy("Journal")
def remove(run: Run) -> None:
    """Have the journal stay on the host alone."""
    role.removed(
        name="It is sent to nobody",
        units=[f"{WATCH}.timer", f"{NAME}.service"],
        paths=[
            f"/var/lib/tracseq/applied/{NAME}.service",
            f"/var/lib/tracseq/applied/{WATCH}.timer",
            f"{UNITS}/{WATCH}.timer",
            f"{UNITS}/{WATCH}.service",
            PROGRAM,
            f"/var/lib/{WATCH}",
            f"/var/lib/private/{NAME}",
            f"/var/lib/{NAME}",
            logs.CREDENTIALS,
            *DECLARATION.traces,
        ],
    )
