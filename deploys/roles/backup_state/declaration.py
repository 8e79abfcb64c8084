"""Every host with a service that declares state: where the site has a backup host, it fetches that."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller import backups
from deploys.settings import declarations
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from deploys.settings.units import Port


class BackupState(Data):
    """group_data/all.py"""

    backup_state_port: Port = value("port at which hosts with state of services send it, to the backup host alone")


DIRECTORY = "/etc/tracseq/backup-state"


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it answers the backup hosts, read for each connection."""
    if declarations.states(site, host) and backups.holders(site):
        yield of_host(host, "server", DIRECTORY)


DECLARATION = Declaration(
    title="Backup of state",
    shared=BackupState,
    packages=("python3",),
    listeners=(Listener("backup_state_port", ("systemd",)),),
    traces=("/etc/systemd/system/tracseq-backup-state.socket",),
    credentials=credentials,
)
