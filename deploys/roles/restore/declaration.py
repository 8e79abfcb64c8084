"""Every host with data of its own: while a restore waits for it, it takes that from the backup host."""

from __future__ import annotations

from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.rule import Rule
from deploys.settings.units import Port


class Restore(Data):
    """group_data/all.py"""

    backup_restore_port: Port = value("port at which hosts take what is restored for them, from the backup host alone")


DECLARATION = Declaration(
    title="Restore",
    shared=Restore,
    packages=("python3",),
    # Nothing listens but while a restore is under way.
    listeners=(Listener("backup_restore_port", ("python3",)),),
    rules=(Rule(source="backups", destination="postgres", ports=("backup_restore_port",)),),
    traces=("/usr/local/lib/tracseq/tracseq_receive.py",),
)
