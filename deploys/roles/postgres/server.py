"""What a Postgres server needs on its host, whatever its part: its files, and the way to the others."""

from __future__ import annotations

from pyinfra import logger

from deploys.controller import backups
from deploys.controller.patroni import keeps
from deploys.controller.postgres import pool
from deploys.controller.run import Run
from deploys.controller.services import databases
from deploys.controller.templates import render
from deploys.operations import service, system
from deploys.operations.file_set import File
from deploys.operations.postgres import cluster, shell
from deploys.operations.rolling import Rolling
from deploys.operations.service import Unit
from deploys.roles.postgres import configuration, patroni
from deploys.roles.postgres.configuration import CREDENTIALS, MONITORING, REPLICATOR


def connection(run: Run) -> None:
    """What a host needs to follow another; on the primary too, which may be a replica tomorrow."""
    password = run.site.secret("POSTGRES_REPLICATION_PASSWORD")
    system.configured(
        name="Connection to the other servers",
        key="postgres-connection",
        files=[
            File(f"{CREDENTIALS}/authority.crt", run.authority.certificate),
            _of_postgres(
                f"{CREDENTIALS}/passfile",
                render(
                    "postgres/passfile.j2",
                    port=run.site.shared.postgres_port,
                    user=REPLICATOR,
                    password=password.replace("\\", "\\\\").replace(":", "\\:"),
                ),
                secret=True,
            ),
        ],
    )


def configured(run: Run, declared: dict[str, int]) -> None:
    """
    The server runs, with all files that it reads.

    Args:
        run: the run
        declared: the limits of limits.py that it is to have
    """
    site, host, version = run.site, run.host, run.topology.version
    own = run.authority.of_host(host)
    directory = f"/etc/postgresql/{version}/main"
    sections = {
        title: {name: configuration.quoted(value) for name, value in settings.items()}
        for title, settings in _sections(run, declared).items()
    }
    service.configured(
        name="Server",
        unit=patroni.unit(run) if keeps(site) else _of_debian(run),
        files=[
            *([patroni.file(run, declared)] if keeps(site) else []),
            _of_postgres(
                f"{directory}/postgresql.conf", render("postgres/postgresql.conf.j2", sections=sections), mode="644"
            ),
            _of_postgres(
                f"{directory}/pg_hba.conf",
                render(
                    "postgres/pg_hba.conf.j2",
                    user=site.shared.postgres_user,
                    database=site.shared.postgres_database,
                    clients=pool.clients(site, host),
                    services=databases.of(site),
                    pool=pool.USER if site.shared.postgres_pool_port else None,
                    pool_map=pool.MAP,
                    replicator=REPLICATOR,
                    patroni=keeps(site),
                    monitoring=MONITORING,
                    servers=configuration.servers(site),
                    backup=backups.LOGIN,
                    backup_map=backups.MAP,
                    backup_hosts=configuration.backup_hosts(site),
                ),
                mode="640",
            ),
            _of_postgres(f"{directory}/pg_ident.conf", configuration.identities(site), mode="640"),
            # Debian's tools want these (pg_ctlcluster(1)); "auto": the server starts with the host.
            _of_postgres(f"{directory}/start.conf", "manual\n" if keeps(site) else "auto\n", mode="644"),
            _of_postgres(f"{directory}/pg_ctl.conf", "pg_ctl_options = ''\n", mode="644"),
            _of_postgres(f"{directory}/environment", "", mode="644"),
            _of_postgres(f"{CREDENTIALS}/server.crt", own.certificate, mode="644"),
            _of_postgres(f"{CREDENTIALS}/server.key", own.key, secret=True),
        ],
        validate=cluster.checked(version, f"{directory}/postgresql.conf"),
        rolling=Rolling("postgres"),
    )


def said_what_waits(run: Run, declared: dict[str, int]) -> None:
    """
    Say which settings wait until somebody lets the server restart.

    Args:
        run: the run
        declared: the limits that it is to have in the end
    """
    cluster = run.topology.servers[run.host.name].cluster
    settings = {name: value for section in _sections(run, declared).values() for name, value in section.items()}
    waiting = cluster.answer.waiting(settings) if cluster and cluster.answer else ()
    if keeps(run.site):  # it has a file of its own, with settings that are none of the site's
        waiting = tuple(name for name in waiting if name in settings)
    if waiting and not run.options.restart:
        logger.warning(
            f"{run.host.name}: {', '.join(waiting)}: waits for a restart of Postgres, and nothing is restarted now. "
            "To have it, run again with --data restart=true: replicas and primary are restarted one at a time, and "
            "writes wait for a few seconds."
        )


def _sections(run: Run, declared: dict[str, int]) -> configuration.Sections:
    memory = run.topology.servers[run.host.name].memory
    return configuration.sections(run.site, run.host, memory, run.topology.version, declared, run.out)


def _of_debian(run: Run) -> Unit:
    """The unit by which Debian runs a server."""
    version = run.topology.version
    return Unit(shell.unit(version), start=cluster.start(version), reload=cluster.reload(version, run.options.restart))


def _of_postgres(path: str, content: str, mode: str = "600", secret: bool = False) -> File:
    return File(path, content, owner="postgres", group="postgres", mode=mode, secret=secret)
