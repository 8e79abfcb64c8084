"""What a host gives back that renews no certificates any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.renewal import DIRECTORY, SERVICE
from deploys.controller.run import Run
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.certificate_authority.declaration import DECLARATION, SOCKET

PROGRAM = "/usr/local/lib/tracseq/tracseq_certificate_authority.py"


@deploy("Certificate authority")
def remove(run: Run) -> None:
    """Have no key here that signs anything."""
    role.removed(
        name="It signs nothing any more",
        units=[SOCKET, SERVICE],
        paths=[
            f"/var/lib/tracseq/applied/{SERVICE}",
            DIRECTORY,
            PROGRAM,
            "/var/lib/tracseq-certificate-authority",
            "/var/lib/private/tracseq-certificate-authority",
            f"{UNITS}/{SERVICE}",
            *DECLARATION.traces,
        ],
    )
