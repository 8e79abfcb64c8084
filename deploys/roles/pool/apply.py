"""The pool: PgBouncer in front of a server, on its host, for as long as that one takes writes."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import credentials, files
from deploys.controller.postgres import pool as names
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import packages, service, system
from deploys.operations.file_set import File
from deploys.operations.postgres import pool, shell
from deploys.operations.rolling import Rolling
from deploys.operations.service import UNITS, Unit
from deploys.roles.pool.declaration import DIRECTORY, UNIT, Pool
from deploys.settings.debian import RELEASES

PROGRAM = "/usr/local/sbin/tracseq-pool"
SOCKETS = "/run/pgbouncer"


def apply(run: Run) -> None:
    """Have the pool where the site's data has one."""
    if run.site.shared.postgres_pool_port:
        serve(run=run)


@deploy("Pool")
def serve(run: Run) -> None:
    """Have the pool, and on the primary what it asks for the verifiers of passwords."""
    site, host, version = run.site, run.host, run.topology.version
    shared = site.shared
    packages.installed(name="PgBouncer", packages=["pgbouncer"], bundle=run.packages)
    system.configured(
        name="User of the pool",
        key="pool-user",
        files=[File("/etc/sysusers.d/tracseq-pool.conf", f'u {names.USER} - "TracSeq pool"\n')],
        apply="systemd-sysusers /etc/sysusers.d/tracseq-pool.conf",
    )
    if host.name == run.topology.primary:
        pool.verifiers(
            name="It may ask for the platform's verifier, and no other",
            version=version,
            database=shared.postgres_database,
            user=shared.postgres_user,
            owner=names.OWNER,
            role=names.USER,
        )
    release = RELEASES[run.machine.values["version"]]
    service.configured(
        name="PgBouncer, once its server takes writes",
        unit=Unit(
            UNIT,
            start=pool.started("start", version, SOCKETS, shared.postgres_pool_port or 0),
            reload=pool.started("reload", version, SOCKETS, shared.postgres_pool_port or 0),
        ),
        files=[
            File(PROGRAM, files.read("pool/tracseq-pool"), mode="755", restart=True),
            _of_pool(
                f"{DIRECTORY}/pgbouncer.ini",
                render(
                    "pool/pgbouncer.ini.j2",
                    database=shared.postgres_database,
                    user=names.USER,
                    server_port=shared.postgres_port,
                    port=shared.postgres_pool_port,
                    size=host.data(Pool).postgres_pool_size,
                    clients=host.data(Pool).postgres_pool_clients,
                    directory=DIRECTORY,
                    sockets=SOCKETS,
                    prepared_statements=release.pgbouncer_has_prepared_statements,
                ),
                restart=True,
            ),
            _of_pool(
                f"{DIRECTORY}/hba.conf",
                render(
                    "pool/hba.conf.j2",
                    database=shared.postgres_database,
                    user=shared.postgres_user,
                    pool=names.USER,
                    clients=names.clients(site, host),
                ),
            ),
            *credentials.files(run, f"{DIRECTORY}/server.crt"),
            File(
                f"{UNITS}/{UNIT}.d/tracseq.conf",
                render(
                    "pool/pgbouncer.conf.j2",
                    server=shell.unit(version),
                    program=PROGRAM,
                    port=shared.postgres_port,
                    user=names.USER,
                    database=shared.postgres_database,
                    directory=DIRECTORY,
                    open_files=host.own.open_files,
                ),
                restart=True,
            ),
            File(f"{UNITS}/{shell.unit(version)}.d/tracseq-pool.conf", render("pool/server.conf.j2", unit=UNIT)),
        ],
        rolling=Rolling("postgres"),
    )


def _of_pool(path: str, content: str, restart: bool = False) -> File:
    return File(path, content, group=names.USER, mode="640", restart=restart)
