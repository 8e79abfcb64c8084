"""What a host gives back whose state nobody fetches any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import role
from deploys.roles.backup_state.declaration import DECLARATION, DIRECTORY

PROGRAM = "/usr/local/lib/tracseq/tracseq_state.py"
SOCKET, SERVICE = "tracseq-backup-state.socket", "tracseq-backup-state@.service"


@deploy("Backup of state")
def remove(run: Run) -> None:
    """Have no state sent any more."""
    role.removed(
        name="State is sent to nobody",
        units=[SOCKET],
        paths=[
            "/var/lib/tracseq/applied/backup-state",
            PROGRAM,
            DIRECTORY,
            f"/etc/systemd/system/{SERVICE}",
            *DECLARATION.traces,
        ],
    )
