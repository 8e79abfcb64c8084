"""What a host gives back whose certificates runs renew again."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.renewal.declaration import DECLARATION, NAME
from deploys.settings import declarations

DIRECTORY = "/etc/tracseq/renewal"
PROGRAM = "/usr/local/lib/tracseq/tracseq_renewal.py"


@deploy("Renewal of certificates")
def remove(run: Run) -> None:
    """Have no certificate renewed here without a run."""
    role.removed(
        name="It renews nothing any more",
        units=[f"{NAME}.timer", f"{NAME}.service"],
        paths=[
            f"/var/lib/tracseq/applied/{NAME}.timer",
            DIRECTORY,
            PROGRAM,
            f"/var/lib/{NAME}",
            f"{UNITS}/{NAME}.service",
            *(one.place for one in declarations.credentials(run.site, run.host)),
            *DECLARATION.traces,
        ],
    )
