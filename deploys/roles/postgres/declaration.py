"""Hosts with a Postgres server, primary or replica."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import field_validator

from deploys.controller.postgres import vectors
from deploys.facts.postgres.state import LIMITS
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site
from deploys.settings.units import Duration, Identifier, Network, Size

DECIDED_ELSEWHERE = frozenset(
    {
        "archive_command", "archive_mode", "cluster_name", "data_directory",
        "effective_cache_size", "external_pid_file", "hba_file", "hot_standby", "ident_file", "listen_addresses",
        "log_min_duration_statement", "maintenance_work_mem", "max_connections",
        "max_replication_slots", "max_slot_wal_keep_size", "password_encryption", "port",
        "primary_conninfo", "primary_slot_name", "recovery_end_command", "shared_buffers", "ssl",
        "ssl_ca_file", "ssl_cert_file",
        "ssl_key_file", "ssl_min_protocol_version", "synchronous_standby_names", "unix_socket_directories", "wal_level",
        "wal_log_hints", "work_mem",
    }
)  # fmt: skip
"""Settings that ``postgres_settings`` cannot give."""


class Postgres(Data):
    """group_data/postgres.py"""

    postgres_shared_buffers: Size | None = value("shared buffers; None: a quarter of memory", "guide: at least 256 MB")
    postgres_effective_cache_size: Size | None = value(
        "cache the planner counts on; None: three quarters of memory", "guide: at least 1 GB"
    )
    postgres_maintenance_work_mem: Size | None = value(
        "memory of maintenance; None: a sixteenth, up to 2 GB", "guide: at least 64 MB"
    )
    postgres_work_mem: Size = value("memory of one sort or hash", "guide")
    postgres_max_connections: int = value("connections", "guide", ge=10, le=10000)
    postgres_max_slot_wal_keep_size: Size = value("WAL kept for a replica that is away", ge=1024**2)
    postgres_synchronous: int = value("replicas that must have a write before it is acknowledged; 0: none", ge=0)
    postgres_maximum_lag: Size = value("WAL that a replica may be behind before status calls it wrong")
    postgres_maximum_delay: Duration = value("and time")
    postgres_log_slow_statements: Duration | None = value("statements that take longer are logged; None: none")
    postgres_settings: dict[Identifier, str] = value("further settings of postgresql.conf", "guide")
    postgres_clients: tuple[Network, ...] = value("networks outside that may connect as the platform's role")
    postgres_kernel_settings: dict[str, str] = value("kernel settings of these hosts")

    @field_validator("postgres_settings")
    @classmethod
    def _decided_here(cls, settings: dict[str, str]) -> dict[str, str]:
        taken = sorted(DECIDED_ELSEWHERE & settings.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)} is decided by a value of its own, or by what the site is")
        for name in LIMITS.keys() & settings.keys():
            if not settings[name].isdecimal():
                raise ValueError(f"{name} is {settings[name]!r} and must be a whole number")
        return settings


CREDENTIALS = "/etc/tracseq/postgres"
"""Where a host keeps its certificate, the site's authority, and the password to follow another."""
PRESEED = "/etc/postgresql-common/createcluster.d/tracseq.conf"
RESERVED = ("postgres", "replicator", "monitoring", "backup", "pgbouncer", "pool_verifiers", "template0", "template1")
"""Roles and databases of a server that are not the platform's own."""


def problems(site: Site) -> Iterator[str]:
    """What is wrong although every value by itself is allowed."""
    primary = site.shared.postgres_first_primary
    if primary not in [host.name for host in site.group("postgres")]:
        yield f"postgres_first_primary (in group_data/all.py): {primary} is no host of the group postgres."
    replicas = len(site.group("postgres")) - 1
    for host in site.group("postgres"):
        if host.data(Postgres).postgres_synchronous > replicas:
            yield (
                f"{host.name}: postgres_synchronous (in group_data/postgres.py) is more than the number of replicas,"
                f" {replicas}: every write would wait for ever."
            )
    for key in ("postgres_user", "postgres_database"):
        if (name := getattr(site.shared, key)) in RESERVED:
            yield f"{key} (in group_data/all.py): {name} is a name that the servers use themselves."


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """The server's; Patroni, where it keeps the server, answers with the same."""
    by_server = "setpriv --reuid=postgres --regid=postgres --init-groups psql"
    take_up = f"{by_server} -qXAt -p {site.shared.postgres_port} -c 'SELECT pg_reload_conf()'"
    if "patroni" in host.groups:
        take_up += " && systemctl reload patroni.service"
    yield of_host(host, "server", CREDENTIALS, owner="postgres", group="postgres", take_up=take_up)


DECLARATION = Declaration(
    title="Postgres",
    group="postgres",
    model=Postgres,
    packages=("postgresql",),
    # It would make a cluster of its own, where a replica's is to be (createcluster.conf(5)).
    preseeds={PRESEED: "create_main_cluster = false\n"},
    listeners=(Listener("postgres_port", ("postgres",)),),
    rules=(Rule(source="postgres", destination="postgres", ports=("postgres_port",)),),
    secrets={"POSTGRES_PASSWORD": 20, "POSTGRES_REPLICATION_PASSWORD": 20, "POSTGRES_MONITORING_PASSWORD": 20},
    kernel_settings="postgres_kernel_settings",
    traces=("/etc/tracseq/postgres/passfile",),
    # Its unit has the version in its name, and is not to run everywhere: the servers say more of themselves.
    certificates=(f"{CREDENTIALS}/authority.crt",),
    credentials=credentials,
    on_host=vectors.on_host,
    problems=problems,
    obstacles=vectors.obstacles,
)
