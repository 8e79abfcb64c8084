"""What a host gives back that holds no backups any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.backups import SECOND, TIMERS
from deploys.controller.run import Run
from deploys.facts.restore import LIBRARY
from deploys.operations import role
from deploys.roles.backup import units
from deploys.roles.backup.configuration import DIRECTORY
from deploys.roles.backup.declaration import CREDENTIALS, DECLARATION

RECORDS = ("copy", "differential", "drill", "full", "points", "receive", "restore", "state", "verification", "wal")
"""Of what was done last; each has its metrics beside it."""


@deploy("Backup")
def remove(run: Run) -> None:
    """Have nothing fetched or made any more, and no passphrase here; the repository stays."""
    timers = [*TIMERS, SECOND]
    names = [units.RECEIVE, units.PUSH, *(f"{name}.timer" for name in timers)]
    role.removed(
        name="Backup host is none any more",
        units=names,
        paths=[
            *(f"/var/lib/tracseq/applied/{name}" for name in names),
            *(f"{units.UNITS}/{name}" for name in names),
            *(f"{units.UNITS}/{name}.service" for name in timers),
            f"{LIBRARY}/tracseq_backup",
            "/etc/tmpfiles.d/tracseq-backup.conf",
            "/etc/pgbackrest/push.conf",
            CREDENTIALS,
            # Else what it did last would be told for ever, as if it were of today.
            *(f"{DIRECTORY}/state/{record}.prom" for record in RECORDS),
            *DECLARATION.traces,
        ],
        data=["/var/lib/pgbackrest (or wherever backup_directory was)", DIRECTORY],
    )
