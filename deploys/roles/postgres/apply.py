"""Postgres: the primary with its roles, databases and slots, and the replicas that follow it."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api import deploy

from deploys.controller import backups
from deploys.controller import patroni as names
from deploys.controller.maintenance import returning
from deploys.controller.patroni import keeps
from deploys.controller.postgres import pool, vectors
from deploys.controller.run import Run
from deploys.controller.services import databases
from deploys.engine.barrier import barrier
from deploys.engine.proved import proved
from deploys.facts.postgres.state import slot_name
from deploys.operations.postgres import access, cluster, standby
from deploys.operations.postgres import vectors as types
from deploys.roles.postgres import fence, limits, patroni, server
from deploys.roles.postgres.configuration import MONITORING, REPLICATOR, REWINDING, STATEMENTS, primary_connection
from deploys.roles.postgres.declaration import Postgres
from deploys.settings.debian import WITH_PGVECTOR


def apply(run: Run) -> None:
    """Have the part that the servers' own answers give this host: primary, replica, or none."""
    name, topology = run.host.name, run.topology
    fenced(run=run)
    # Those that Patroni keeps get theirs from it, in this order too.
    if name in topology.replicas and not keeps(run.site):
        raise_replica_limits(run=run)
    barrier(name="Replicas are ready for what their primary applies")
    if name == topology.primary:
        primary(run=returning.before(run))
        with_vectors(run)
    barrier(name="The primary is up")
    if name in topology.replicas:
        replica(run=run)
    if back := returning.awaited(run):
        # It may have been copied by this run.
        proved(name=f"{back} has all WAL of its primary", proof=returning.Followed(run, back))
        if name == topology.primary:
            waits_for_all(run=run)


@deploy("Postgres fence")
def fenced(run: Run) -> None:
    """Have every server ask whether another was promoted, before it takes writes; a former primary's most of all."""
    fence.applied(run)


@deploy("Postgres limits")
def raise_replica_limits(run: Run) -> None:
    """
    Have a replica apply limits that grow, before its primary does.

    A replica stops to replay, and cannot be promoted, while one of its is lower than its primary's.
    """
    first, _ = _limits(run)
    if first:
        server.configured(run, first)
    if first and run.options.restart:
        cluster.settled(name="It runs with them", version=run.topology.version, restart=True)


@deploy("Postgres primary")
def primary(run: Run) -> None:
    """Have the primary, with the roles, databases and slots that the site needs."""
    site, version = run.site, run.topology.version
    server.connection(run)
    cluster.created(name="Cluster", version=version)
    declared = limits.declared(site, run.host.data(Postgres))
    server.said_what_waits(run, declared)
    if keeps(site):
        server.configured(run, declared)
        patroni.settled(run, declared)
    else:
        server.configured(run, _of_primary(run, declared))
    cluster.settled(
        name="It understands its files", version=version, restart=run.options.restart, by_patroni=keeps(site)
    )
    access.granted(
        name="Roles, databases and slots",
        version=version,
        logins=[
            access.Login(
                REPLICATOR,
                site.secret("POSTGRES_REPLICATION_PASSWORD"),
                attributes=frozenset({"REPLICATION"}),
                functions=REWINDING,
            ),
            access.Login(
                MONITORING,
                site.secret("POSTGRES_MONITORING_PASSWORD"),
                member_of=frozenset({"pg_monitor"}),
            ),
            access.Login(site.shared.postgres_user, site.secret("POSTGRES_PASSWORD")),
            *(access.Login(one.name, one.password, connections=one.connections) for one in databases.of(site)),
            *([_backup_login()] if backups.holders(site) else []),
            # Without a password: it is the pool's system user, on the server's own host.
            *([access.Login(pool.USER)] if site.shared.postgres_pool_port else []),
        ],
        databases={
            site.shared.postgres_database: site.shared.postgres_user,
            **{one.name: one.name for one in databases.of(site)},
        },
        # Patroni makes those of its members itself.
        replicas=[peer.name for peer in site.group("postgres") if peer.name != run.host.name and not keeps(site)],
        slots_of_others=backups.slots(site),
        extensions=[STATEMENTS],
    )


@deploy("Postgres primary")
def waits_for_all(run: Run) -> None:
    """Have writes wait for a replica that is back, too (postgres_synchronous)."""
    server.configured(run, _of_primary(run, limits.declared(run.site, run.host.data(Postgres))))


def with_vectors(run: Run) -> None:
    """
    Have vectors in the databases that are to have them, once the servers are of the version that has them.

    Until then a site whose hosts have a newer Debian already goes on with its older Postgres.
    """
    found = vectors.databases(run.site)
    if not found:
        return
    if run.topology.version == WITH_PGVECTOR.postgres:
        typed(run=run, databases=found)
        return
    logger.warning(
        f"{run.host.name}: {', '.join(found)}: vectors wait for Postgres {WITH_PGVECTOR.postgres}, and it has "
        f"{run.topology.version}: docs/operations/another-debian.md says how it is upgraded."
    )


@deploy("Postgres primary")
def typed(run: Run, databases: list[str]) -> None:
    """Have databases with vectors."""
    types.known(name="Vectors", version=run.topology.version, databases=databases, settings=vectors.SETTINGS)


def _backup_login() -> access.Login:
    """The role of the hosts that hold backups: it shows a certificate, or is the user of pgBackRest's server here."""
    return access.Login(
        backups.LOGIN, attributes=backups.ATTRIBUTES, member_of=backups.MEMBER_OF, functions=backups.FUNCTIONS
    )


@deploy("Postgres replica")
def replica(run: Run) -> None:
    """Have a replica: a copy of the primary where the host has no data, that follows it."""
    version, host = run.topology.version, run.host
    connection, slot = primary_connection(run.site, host), slot_name(host.name)
    if keeps(run.site):
        slot = names.slot(host.name)
    server.connection(run)
    standby.built(
        name="Copy of the primary (takes as long as its data takes over the network)",
        version=version,
        primary=connection,
        slot=slot,
        by_patroni=keeps(run.site),
    )
    first, last = _limits(run)
    if keeps(run.site):
        # It gives them to the server itself, the larger ones of its primary where they are.
        first = last = limits.declared(run.site, host.data(Postgres))
    server.said_what_waits(run, limits.declared(run.site, host.data(Postgres)))
    if not keeps(run.site) and limits.shrinks(first, last, run.topology.servers[host.name].cluster):
        standby.caught_up(name="Replica has seen that its primary's limits shrank", version=version, limits=last)
    if keeps(run.site) or last != first:  # else it has them from raise_replica_limits()
        server.configured(run, last)
    standby.following(
        name="Replica follows",
        version=version,
        primary=connection,
        slot=slot,
        server=run.site.host(run.topology.primary).target,
        kept=backups.slots(run.site),
        restart=run.options.restart,
        by_patroni=keeps(run.site),
    )


def _limits(run: Run) -> tuple[dict[str, int], dict[str, int]]:
    """The limits that a replica needs before its primary's change, and those that it ends with."""
    servers = run.topology.servers
    return limits.of_replica(
        limits.declared(run.site, run.host.data(Postgres)),
        primary=servers[run.topology.primary].cluster,
        replica=servers[run.host.name].cluster,
        restart=run.options.restart,
    )


def _of_primary(run: Run, declared: dict[str, int]) -> dict[str, int]:
    """The limits that the primary has now; one that grows may wait for its replicas."""
    servers = run.topology.servers
    return limits.of_primary(
        declared,
        primary=servers[run.host.name].cluster,
        replicas=[servers[name].cluster for name in run.topology.replicas],
        restart=run.options.restart,
    )
