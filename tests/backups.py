"""The backups of the lab, as tests use them."""

from __future__ import annotations

from tests import lab
from tests.inventory import group

REPOSITORY, SECOND = "/var/lib/pgbackrest", "/var/lib/second-place"
STATE, WAL = "/var/lib/tracseq-backup/state", "/var/lib/tracseq-backup/wal"


def begun_anew(inventory: str) -> None:
    """Have no repository on the backup host: the next run makes a new one, and a first backup."""
    for holder in group("backups", inventory):
        lab.ssh(
            holder.name,
            "systemctl stop tracseq-backup-watch.timer 'tracseq-backup-*.service' 'tracseq-wal-*.service'\n"
            f"rm -rf {REPOSITORY}/* {SECOND}/* {WAL}/* {STATE}/*",
            inventory=inventory,
        )
