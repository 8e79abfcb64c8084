"""The configuration of pgBackRest on a backup host."""

from __future__ import annotations

import math

from deploys.controller import backups
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.postgres.state import CLUSTER, DATA
from deploys.roles.backup.declaration import CREDENTIALS, Backups


def configuration(run: Run) -> str:
    """Its whole configuration: the repository, and the Postgres hosts that it reads from."""
    site = run.site
    return render(
        "backup/pgbackrest.conf.j2",
        repository=_repository(run),
        stanza=backups.STANZA,
        servers=site.group("postgres"),
        server_port=site.host(site.group("postgres")[0].name).value("backup_server_port"),
        server_configuration=f"{backups.SERVER_DIRECTORY}/pgbackrest.conf",
        credentials=CREDENTIALS,
        data=f"{DATA}/{run.topology.version}/{CLUSTER}",
        port=site.shared.postgres_port,
        login=backups.LOGIN,
    )


def of_push(run: Run) -> str:
    """What of it hands WAL to the repository: no Postgres host is named, or it would have to be this one."""
    return render("backup/push.conf.j2", repository=_repository(run))


def _repository(run: Run) -> str:
    """What both have in common."""
    data = run.host.data(Backups)
    return render(
        "backup/repository.conf.j2",
        directory=data.backup_directory,
        passphrase=run.site.secret("BACKUP_PASSPHRASE"),
        retention_days=math.ceil(data.backup_retention / 86400),
    )
