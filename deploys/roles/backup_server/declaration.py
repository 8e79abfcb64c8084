"""Postgres hosts: where the site has a backup host, it reads their data through pgBackRest's own server."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller import backups
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site
from deploys.settings.units import Port


class BackupServer(Data):
    """group_data/all.py"""

    backup_server_port: Port = value("port of pgBackRest on the Postgres hosts, for the backup host alone")


UNIT = "tracseq-backup-server.service"


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it answers the backup hosts."""
    if backups.holders(site):
        # Of its processes the first alone: the others are each at work for somebody.
        take_up = f"systemctl kill --kill-who=main --signal=HUP {UNIT}"
        yield of_host(
            host, "server", backups.SERVER_DIRECTORY,
            group=backups.USER, mode="640", restart=True, take_up=take_up,
        )  # fmt: skip


DECLARATION = Declaration(
    title="Backup server",
    group="postgres",
    shared=BackupServer,
    packages=("pgbackrest",),
    listeners=(Listener("backup_server_port", ("pgbackrest",)),),
    rules=(Rule(source="backups", destination="postgres", ports=("postgres_port", "backup_server_port")),),
    traces=(f"/etc/systemd/system/{UNIT}",),
    credentials=credentials,
)
