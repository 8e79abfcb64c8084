"""The backup host: it receives WAL as it is written, makes backups by timers, and reads them again."""

from __future__ import annotations

from pathlib import Path

from pyinfra import logger
from pyinfra.api import deploy

from deploys.controller import backups, credentials, files
from deploys.controller.backups import SECOND
from deploys.controller.run import Run
from deploys.facts.restore import LIBRARY
from deploys.operations import backup, role, service, system
from deploys.operations.file_set import File
from deploys.operations.service import Unit
from deploys.roles.backup import units
from deploys.roles.backup.configuration import DIRECTORY, closed, readable, second_place, settings
from deploys.roles.backup.declaration import CREDENTIALS, Backups
from deploys.roles.backup.pgbackrest import configuration, of_push

PROGRAMS = "backup/tracseq_backup"


def apply(run: Run) -> None:
    """Have a host hold the backups of the site, once there is a server of which one can be made."""
    primary = run.topology.primary
    if backups.wait(run.topology.servers[primary].cluster) and not run.options.restart:
        logger.warning(
            f"{run.host.name}: no backup can be made of {primary} until it is restarted (archive_mode is off), and so "
            "nothing of the backups is set up now. To have it, run again with --data restart=true."
        )
        return
    hold(run=run)


@deploy("Backup")
def hold(run: Run) -> None:
    """Have a host hold the backups of the site, and fetch what they are made of."""
    host = run.host
    repository = host.data(Backups).backup_directory
    configured(run)
    backup.stanza(
        name="Repository takes WAL and backups",
        user=backups.USER,
        stanza=backups.STANZA,
        version=run.topology.version,
    )
    for one in units.continuous(LIBRARY, repository):
        service.configured(name=one.title, unit=Unit(one.unit), files=one.files)
    for one in units.timed(host.data(Backups), LIBRARY, repository):
        service.configured(name=one.title, unit=Unit(one.unit), files=one.files)
    if not host.data(Backups).backup_second_place:
        role.removed(
            name="No second place",
            units=[f"{SECOND}.timer"],
            paths=[
                f"/var/lib/tracseq/applied/{SECOND}.timer",
                f"{DIRECTORY}/state/copy.prom",
                *units.of_timer(SECOND),
            ],
        )
    backup.first(name="A first backup", user=backups.USER, stanza=backups.STANZA)


def configured(run: Run) -> None:
    """Have what a backup host works with: its user, directories, configuration and programs."""
    host = run.host
    system.configured(
        name="User and directories of the backups",
        key="backup-user",
        files=[
            File("/etc/sysusers.d/tracseq-backup.conf", backups.USERS),
            File("/etc/tmpfiles.d/tracseq-backup.conf", units.directories(host.data(Backups))),
        ],
        apply="systemd-sysusers /etc/sysusers.d/tracseq-backup.conf && "
        "systemd-tmpfiles --create /etc/tmpfiles.d/tracseq-backup.conf",
    )
    system.configured(
        name="Repository, connection and programs",
        key="backup",
        files=[
            closed("/etc/pgbackrest/pgbackrest.conf", configuration(run)),
            closed("/etc/pgbackrest/push.conf", of_push(run)),
            File(f"{CREDENTIALS}/authority.crt", run.authority.certificate),
            *credentials.files(run, f"{CREDENTIALS}/client.crt"),
            closed(f"{CREDENTIALS}/passphrase", run.site.secret("BACKUP_PASSPHRASE") + "\n"),
            *second_place(run),
            File(f"{CREDENTIALS}/settings.json", settings(run)),
            *(
                File(f"{LIBRARY}/tracseq_backup/{path.name}", files.read(f"{PROGRAMS}/{path.name}"))
                for path in sorted((files.FILES / Path(PROGRAMS)).glob("*.py"))
            ),
        ],
        validate=readable(),
        apply=units.restarted(),
    )
