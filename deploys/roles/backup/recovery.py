"""A new backup host for a site of which nothing else is left."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import backups
from deploys.controller.restore import Restore
from deploys.operations import backup
from deploys.roles.backup.apply import configured


def apply(restore: Restore) -> None:
    """Have the repository there, and what reads it; nothing is received or made yet."""
    if restore.makes and restore.run.host == restore.holder:
        brought_back(restore=restore)


@deploy("Backup")
def brought_back(restore: Restore) -> None:
    """Have the repository: its disk is there, or it comes from the second place."""
    configured(restore.run)
    backup.brought_back(
        name="Repository is here, or comes from the second place",
        user=backups.USER,
        stanza=backups.STANZA,
    )
