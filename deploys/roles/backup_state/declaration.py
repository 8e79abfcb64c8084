"""Every host with a service that declares state: where the site has a backup host, it fetches that."""

from __future__ import annotations

from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.units import Port


class BackupState(Data):
    """group_data/all.py"""

    backup_state_port: Port = value("port at which hosts with state of services send it, to the backup host alone")


DECLARATION = Declaration(
    title="Backup of state",
    shared=BackupState,
    packages=("python3",),
    listeners=(Listener("backup_state_port", ("systemd",)),),
    traces=("/etc/systemd/system/tracseq-backup-state.socket",),
)
