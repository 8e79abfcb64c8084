"""What the data of inventories and group_data must be, a class a file of group_data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, field_validator

from deploys.settings.units import (
    Address4,
    Address6,
    Duration,
    Identifier,
    Name,
    Network,
    Port,
    Size,
)


class Data(BaseModel):
    """Data of a host, of which one class reads the values of one file."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Rule(BaseModel):
    """Who may open a connection to whom; see ``firewall_rules`` in group_data/all.py."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str
    whom: str
    ports: tuple[Port | str, ...] = Field(min_length=1)
    protocol: Literal["tcp", "udp"] = "tcp"
    action: Literal["allow", "deny", "reject"] = "allow"


class All(Data):
    """group_data/all.py, and the two values that an inventory gives every host."""

    environment: Name
    domain: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    address: Address4
    address6: Address6 = None

    platform_user: Name
    minimum_cpus: int
    minimum_memory: Size
    minimum_disk: Size
    minimum_disk_free: Size
    maximum_clock_skew: Duration
    maximum_shell_start: Duration

    batch: Annotated[int, Field(ge=1)] | None
    timings: bool

    time_servers: tuple[str, ...]
    journal_size: Size
    journal_retention: Duration
    automatic_reboot: bool
    automatic_reboot_time: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]

    ssh_port_of_hosts: Port
    sshd_options: tuple[str, ...]
    confirmation_timeout: Annotated[Duration, Field(ge=1, le=40)]

    networks: dict[Name, tuple[Network, ...]]
    firewall_rules: tuple[Rule, ...]
    firewall_extra_rules: tuple[Rule, ...]

    kernel_settings: dict[str, str]
    kernel_modules: tuple[Name, ...]
    open_files: Annotated[int, Field(ge=1024)]

    gateway_port: Port
    postgres_port: Port
    redis_port: Port
    service_ports: tuple[Port, ...]

    postgres_first_primary: str
    postgres_database: Identifier
    postgres_user: Identifier

    authority_directory: str
    certificate_lifetime: Duration
    certificate_renewal: Duration


POSTGRES_LIMITS = {
    "max_connections": 100,
    "max_worker_processes": 8,
    "max_wal_senders": 10,
    "max_prepared_transactions": 0,
    "max_locks_per_transaction": 64,
}
"""Settings that a replica must not have lower than its primary, with Postgres' own defaults."""

POSTGRES_DECIDED_ELSEWHERE = frozenset(
    {
        "cluster_name", "data_directory", "effective_cache_size", "external_pid_file",
        "hba_file", "hot_standby", "ident_file", "listen_addresses",
        "log_min_duration_statement", "maintenance_work_mem", "max_connections",
        "max_replication_slots", "max_slot_wal_keep_size", "password_encryption", "port",
        "primary_conninfo", "primary_slot_name", "shared_buffers", "ssl", "ssl_cert_file",
        "ssl_key_file", "ssl_min_protocol_version", "unix_socket_directories", "wal_level",
        "wal_log_hints", "work_mem",
    }
)  # fmt: skip
"""Settings that ``postgres_settings`` cannot give."""


class Postgres(Data):
    """group_data/postgres.py"""

    postgres_shared_buffers: Size | None
    postgres_effective_cache_size: Size | None
    postgres_maintenance_work_mem: Size | None
    postgres_work_mem: Size
    postgres_max_connections: Annotated[int, Field(ge=10, le=10000)]
    postgres_max_slot_wal_keep_size: Annotated[Size, Field(ge=1024**2)]
    postgres_log_slow_statements: Duration | None
    postgres_settings: dict[Identifier, str]
    postgres_clients: tuple[Network, ...]
    postgres_kernel_settings: dict[str, str]

    @field_validator("postgres_settings")
    @classmethod
    def _decided_here(cls, settings: dict[str, str]) -> dict[str, str]:
        taken = sorted(POSTGRES_DECIDED_ELSEWHERE & settings.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)} is decided by a value of its own, or by what the site is")
        for name in POSTGRES_LIMITS.keys() & settings.keys():
            if not settings[name].isdecimal():
                raise ValueError(f"{name} is {settings[name]!r} and must be a whole number")
        return settings


class Redis(Data):
    """group_data/redis.py"""

    redis_memory: Size
    redis_eviction: Literal[
        "noeviction", "allkeys-lru", "volatile-lru", "allkeys-lfu", "volatile-lfu",
        "allkeys-random", "volatile-random", "volatile-ttl",
    ]  # fmt: skip
    redis_kernel_settings: dict[str, str]


class Gateways(Data):
    """group_data/gateways.py"""

    gateway_workers: Annotated[int, Field(ge=1)] | None
    gateway_memory: Size
    gateway_cpus: Annotated[float, Field(gt=0)]
    gateway_shutdown_timeout: Annotated[int, Field(ge=1, le=600)]
    gateway_releases_kept: Annotated[int, Field(ge=1)]
    gateway_environment: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], str]
    gateway_services: dict[Annotated[str, Field(pattern=r"^[A-Z]+$")], tuple[HttpUrl, ...]]


class LoadBalancers(Data):
    """group_data/load_balancers.py"""

    certificate_file: str | None
    certificate_key_file: str | None
    upstream_max_fails: Annotated[int, Field(ge=0)]
    upstream_fail_timeout: Duration
    upstream_keepalive: Annotated[int, Field(ge=1)]
    request_rate: Annotated[int, Field(ge=1)]
    request_burst: Annotated[int, Field(ge=0)]
    largest_body: Size
    connect_timeout: Duration
    send_timeout: Duration
    read_timeout: Duration
    strict_transport_security: Duration


GROUPS: dict[str, type[Data]] = {
    "load_balancers": LoadBalancers,
    "gateways": Gateways,
    "postgres": Postgres,
    "redis": Redis,
}
"""The groups that every site has, and what their data must be."""
