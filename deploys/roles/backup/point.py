"""A named restore point."""

from __future__ import annotations

from pyinfra.api import deploy
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import backups
from deploys.controller.run import Opened
from deploys.engine import hosts
from deploys.operations import backup

AGAIN = 600
"""Seconds within which a run that is repeated means the point that it has made."""


@deploy("Restore point")
def apply(run: Opened) -> None:
    """
    Have it made by the backup host, which keeps when that was.

    Raises:
        PyinfraError: where it has no name.
    """
    name, host = run.options.to_point, run.site.host(hosts.current()).name
    if name is None:
        raise PyinfraError("Name the restore point: --data to_point=before_the_migration. No host was changed.")
    since = run.machines[host].number("clock") - AGAIN
    backup.point(name=f"Restore point {name}", point=name, user=backups.USER, since=since)
