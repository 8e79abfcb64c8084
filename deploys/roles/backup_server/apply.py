"""pgBackRest's server: it lets the backup host read the cluster, and can change nothing of it."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import backups, credentials
from deploys.controller.backups import SERVER_DIRECTORY
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import service, system
from deploys.operations.file_set import File
from deploys.operations.service import Unit
from deploys.roles.backup_server.declaration import UNIT, BackupServer
from deploys.roles.backup_server.remove import remove


def apply(run: Run) -> None:
    """Have the server where the site has a host for backups; without one, none."""
    if backups.holders(run.site):
        serve(run=run)
    elif "backup_server" in run.machine.roles:
        remove(run=run)


@deploy("Backup server")
def serve(run: Run) -> None:
    """Have the server run, and know who may ask it: the backup hosts, by their certificates."""
    site = run.site
    system.configured(
        name="User of the backups",
        key="backup-server-user",
        files=[File("/etc/sysusers.d/tracseq-backup.conf", backups.USERS)],
        apply="systemd-sysusers /etc/sysusers.d/tracseq-backup.conf",
    )
    service.configured(
        name="Server that the backup host reads from",
        unit=Unit(UNIT),
        files=[
            File(
                f"{SERVER_DIRECTORY}/pgbackrest.conf",
                render(
                    "backup_server/pgbackrest.conf.j2",
                    directory=SERVER_DIRECTORY,
                    port=site.data(BackupServer).backup_server_port,
                    holders=[holder.name for holder in backups.holders(site)],
                    stanza=backups.STANZA,
                ),
                restart=True,
            ),
            File(f"{SERVER_DIRECTORY}/authority.crt", run.authority.certificate, restart=True),
            *credentials.files(run, f"{SERVER_DIRECTORY}/server.crt"),
            File(
                f"/etc/systemd/system/{UNIT}",
                render("backup_server/tracseq-backup-server.service.j2", user=backups.USER, directory=SERVER_DIRECTORY),
                restart=True,
            ),
        ],
    )
