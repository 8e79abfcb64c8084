"""Postgres hosts: where the site has a backup host, it reads their data through pgBackRest's own server."""

from __future__ import annotations

from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.rule import Rule
from deploys.settings.units import Port


class BackupServer(Data):
    """group_data/all.py"""

    backup_server_port: Port = value("port of pgBackRest on the Postgres hosts, for the backup host alone")


DECLARATION = Declaration(
    title="Backup server",
    group="postgres",
    shared=BackupServer,
    packages=("pgbackrest",),
    listeners=(Listener("backup_server_port", ("pgbackrest",)),),
    rules=(Rule(source="backups", destination="postgres", ports=("postgres_port", "backup_server_port")),),
    traces=("/etc/systemd/system/tracseq-backup-server.service",),
)
