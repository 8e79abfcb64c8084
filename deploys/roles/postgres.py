"""Postgres: one primary, any number of replicas that follow it, and who may use them."""

from __future__ import annotations

from collections.abc import Mapping

import gevent
from gevent import Greenlet
from pyinfra import inventory, logger
from pyinfra.api import deploy
from pyinfra.api.exceptions import ConnectError
from pyinfra.context import ctx_host

from deploys.controller.authority import Authority
from deploys.controller.postgres import configuration, limits
from deploys.controller.postgres import topology as rules
from deploys.controller.postgres.configuration import CREDENTIALS, MONITORING, REPLICATOR
from deploys.controller.postgres.topology import Topology
from deploys.controller.templates import render
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import ServerState, slot_name
from deploys.operations import service, system
from deploys.operations.file_set import File
from deploys.operations.postgres import access, cluster, shell, standby
from deploys.settings.host import SiteHost
from deploys.settings.once import once
from deploys.settings.site import Site


def asked(site: Site) -> Mapping[str, Greenlet]:
    """The servers of all Postgres hosts, asked at once, one time a run; their answers are not waited for."""
    return once("servers", lambda: {host.name: gevent.spawn(_read, host.target) for host in site.group("postgres")})


def topology(site: Site) -> Topology:
    """
    The part of each Postgres host, by what all their servers answered.

    Raises:
        TopologyError: where it cannot be told who is primary, before any host is changed.
    """
    return once("topology", lambda: _decided(site, asked(site)))


def _decided(site: Site, readings: Mapping[str, Greenlet]) -> Topology:
    gevent.joinall(list(readings.values()), raise_error=True)
    found = {name: reading.value for name, reading in readings.items()}
    decided = rules.decide(
        {name: server for name, server in found.items() if isinstance(server, ServerState)},
        first=site.all.postgres_first_primary,
        silent={name: reason for name, reason in found.items() if isinstance(reason, str)},
    )
    for remark in decided.remarks:
        logger.warning(remark)
    return decided


def _read(name: str) -> ServerState | str:
    """What a host's server says; where a run left the host out and it is not reached, why not."""
    host = inventory.get_host(name)
    with ctx_host.use(host):
        try:
            return host.get_fact(Server)
        except ConnectError as error:
            return str(error)


@deploy("Postgres limits")
def ahead(site: Site, host: SiteHost, topology: Topology, authority: Authority) -> None:
    """
    Have a replica take limits that grow, before its primary does.

    A replica stops to replay, and cannot be promoted, while one of its is lower than its primary's.
    """
    first, _ = _limits(site, host, topology)
    if first:
        _configured(site, host, topology, authority, first)


@deploy("Postgres primary")
def primary(site: Site, host: SiteHost, topology: Topology, authority: Authority) -> None:
    """Have the primary, with the roles, databases and slots that the site needs."""
    version = topology.version
    _connection(site, authority)
    cluster.created(name="Cluster", version=version)
    _configured(site, host, topology, authority, limits.declared(site, host.postgres))
    cluster.settled(name="No setting waits for a restart", version=version)
    access.granted(
        name="Roles, databases and slots",
        version=version,
        logins=[
            access.Login(
                REPLICATOR,
                site.secret("POSTGRES_REPLICATION_PASSWORD"),
                attributes=frozenset({"REPLICATION"}),
            ),
            access.Login(
                MONITORING,
                site.secret("POSTGRES_MONITORING_PASSWORD"),
                member_of=frozenset({"pg_monitor"}),
            ),
            access.Login(site.all.postgres_user, site.secret("POSTGRES_PASSWORD")),
        ],
        databases={site.all.postgres_database: site.all.postgres_user},
        replicas=[peer.name for peer in site.group("postgres") if peer.name != host.name],
    )


@deploy("Postgres replica")
def replica(site: Site, host: SiteHost, topology: Topology, authority: Authority) -> None:
    """Have a replica: a copy of the primary where the host has no data, that follows it."""
    version = topology.version
    _connection(site, authority)
    standby.built(
        name="Copy of the primary (takes as long as its data takes over the network)",
        version=version,
        primary=configuration.primary_connection(site, host),
        slot=slot_name(host.name),
    )
    first, last = _limits(site, host, topology)
    if limits.shrinks(first, last, topology.servers[host.name].cluster):
        standby.caught_up(name="Replica has seen that its primary's limits shrank", version=version, limits=last)
    if last != first:  # else it has them from ahead()
        _configured(site, host, topology, authority, last)
    standby.following(name="Replica follows", version=version)


def _limits(site: Site, host: SiteHost, topology: Topology) -> tuple[dict[str, int], dict[str, int]]:
    """The limits that a replica needs before its primary's change, and those that it ends with."""
    return limits.of_replica(
        limits.declared(site, host.postgres),
        primary=topology.servers[topology.primary].cluster,
        replica=topology.servers[host.name].cluster,
    )


def _connection(site: Site, authority: Authority) -> None:
    """What a host needs to follow another; on the primary too, which may be a replica tomorrow."""
    password = site.secret("POSTGRES_REPLICATION_PASSWORD")
    system.configured(
        name="Connection to the other servers",
        key="postgres-connection",
        files=[
            File(f"{CREDENTIALS}/authority.crt", authority.certificate),
            _of_postgres(
                f"{CREDENTIALS}/passfile",
                render(
                    "postgres/passfile.j2",
                    port=site.all.postgres_port,
                    user=REPLICATOR,
                    password=password.replace("\\", "\\\\").replace(":", "\\:"),
                ),
                secret=True,
            ),
        ],
    )


def _configured(
    site: Site,
    host: SiteHost,
    topology: Topology,
    authority: Authority,
    declared: dict[str, int],
) -> None:
    """The server runs, with all files that it reads; what needs a restart still waits for it."""
    version = topology.version
    own = authority.of_host(host)
    directory = f"/etc/postgresql/{version}/main"
    sections = configuration.sections(site, host, topology.servers[host.name].memory, version, declared)
    service.configured(
        name="Server",
        unit=shell.unit(version),
        files=[
            _of_postgres(
                f"{directory}/postgresql.conf",
                render("postgres/postgresql.conf.j2", sections=sections),
                mode="644",
            ),
            _of_postgres(
                f"{directory}/pg_hba.conf",
                render(
                    "postgres/pg_hba.conf.j2",
                    user=site.all.postgres_user,
                    database=site.all.postgres_database,
                    clients=configuration.clients(site, host),
                    replicator=REPLICATOR,
                    monitoring=MONITORING,
                    servers=configuration.servers(site),
                ),
                mode="640",
            ),
            _of_postgres(f"{directory}/pg_ident.conf", "", mode="640"),
            # Debian's tools want these (pg_ctlcluster(1)); "auto": the server starts with the host.
            _of_postgres(f"{directory}/start.conf", "auto\n", mode="644"),
            _of_postgres(f"{directory}/pg_ctl.conf", "pg_ctl_options = ''\n", mode="644"),
            _of_postgres(f"{directory}/environment", "", mode="644"),
            _of_postgres(f"{CREDENTIALS}/server.crt", own.certificate, mode="644"),
            _of_postgres(f"{CREDENTIALS}/server.key", own.key, secret=True),
        ],
        validate=cluster.checked(version, f"{directory}/postgresql.conf"),
        start=cluster.start(version),
        reload=cluster.reload(version),
        one_at_a_time="postgres",
    )


def _of_postgres(path: str, content: str, mode: str = "600", secret: bool = False) -> File:
    return File(path, content, owner="postgres", group="postgres", mode=mode, secret=secret)
