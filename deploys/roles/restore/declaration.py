"""Every host with data of its own: while a restore waits for it, it takes that from the backup host."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller import backups
from deploys.settings import declarations
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site
from deploys.settings.units import Port


class Restore(Data):
    """group_data/all.py"""

    backup_restore_port: Port = value("port at which hosts take what is restored for them, from the backup host alone")


DIRECTORY = "/etc/tracseq/restore"


def users(site: Site, host: SiteHost) -> Iterator[str]:
    """Who takes what a host can be sent: a cluster, and the state of its services."""
    if "postgres" in host.groups:
        yield "postgres"
    if declarations.states(site, host):
        yield "root"


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which each of them answers the backup hosts, read when it starts."""
    for user in users(site, host) if backups.holders(site) else ():
        yield of_host(host, "server", f"{DIRECTORY}/{user}", group=user, mode="640")


DECLARATION = Declaration(
    title="Restore",
    shared=Restore,
    packages=("python3",),
    # Nothing listens but while a restore is under way.
    listeners=(Listener("backup_restore_port", ("python3",)),),
    rules=(Rule(source="backups", destination="postgres", ports=("backup_restore_port",)),),
    traces=("/usr/local/lib/tracseq/tracseq_receive.py",),
    credentials=credentials,
)
