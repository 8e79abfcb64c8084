"""What a host gives back that is no Postgres host any more, or whose site has no backup host any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.backups import SERVER_DIRECTORY
from deploys.controller.run import Run
from deploys.operations import role
from deploys.roles.backup_server.declaration import DECLARATION


@deploy("Backup server")
def remove(run: Run) -> None:
    """Have no server of pgBackRest run here."""
    role.removed(
        name="Backup server is gone",
        units=["tracseq-backup-server.service"],
        paths=["/var/lib/tracseq/applied/tracseq-backup-server.service", SERVER_DIRECTORY, *DECLARATION.traces],
    )
