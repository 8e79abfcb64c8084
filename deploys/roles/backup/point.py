"""A named restore point."""

from __future__ import annotations

from pyinfra.api import deploy
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import backups
from deploys.controller.run import Opened
from deploys.operations import backup


@deploy("Restore point")
def apply(run: Opened) -> None:
    """
    Have it made by the backup host, which keeps when that was.

    Raises:
        PyinfraError: where it has no name.
    """
    name = run.options.to_point
    if name is None:
        raise PyinfraError("Name the restore point: --data to_point=before_the_migration. No host was changed.")
    backup.point(name=f"Restore point {name}", point=name, user=backups.USER)
