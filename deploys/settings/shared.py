"""What group_data/all.py and an inventory must hold: what a whole site shares, and what every host has of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deploys.settings.data import Data, value
from deploys.settings.rule import Rule
from deploys.settings.service import Service, ServiceName
from deploys.settings.units import Address4, Address6, Duration, Identifier, Name, Network, Port, Size


class Shared(Data):
    """Values of group_data/all.py that cannot differ between the hosts of a site."""

    environment: Name = value("name of the site, of its inventory and of its .env file")
    domain: str = value(
        "name under which users reach the platform", "yours to set", pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
    )
    platform_user: Name = value("system user of the platform's own programs")
    batch: int | None = value("hosts worked on at a time, operation by operation; None: all", ge=1)
    timings: bool = value("whether a run says at its end what took the time")
    networks: dict[Name, tuple[Network, ...]] = value(
        "names for addresses outside of the site; `administrators` may log in"
    )
    firewall_rules: tuple[Rule, ...] | None = value(
        "who may open a connection to whom; None: what the roles need", "guide: ports"
    )
    firewall_extra_rules: tuple[Rule, ...] = value("rules of your own before those")
    gateway_port: Port = value("port of the gateways", "guide")
    gateway_green_port: Port | None = value(
        "port of a second gateway on each of their hosts, to which all load balancers switch as one with a release "
        "(blue-green); None: the gateways change one after the other"
    )
    gateway_tls_port: Port | None = value(
        "port of the gateways for load balancers, over mutual TLS; gateway_port is then for the host itself; "
        "None: load balancers ask at gateway_port, without encryption"
    )
    gateway_green_tls_port: Port | None = value("and of the second gateway of each host, where there is one")
    postgres_port: Port = value("port of Postgres", "guide")
    postgres_pool_port: Port | None = value("port of a pool before each Postgres server; None: there is none")
    patroni_port: Port = value("port of Patroni on the Postgres hosts, for each other")
    etcd_client_port: Port = value("port of etcd, for Patroni")
    etcd_peer_port: Port = value("port on which the members of etcd talk to each other")
    redis_software: Literal["redis", "valkey"] = value(
        "which server all Redis hosts have; Valkey came with Debian 13, and neither reads the other's newest files"
    )
    redis_port: Port = value("port of Redis", "guide")
    redis_sentinel_port: Port | None = value(
        "port of a Sentinel on each of three Redis hosts, which replicate and fail over; None: there is one Redis"
    )
    redis_tls_port: Port | None = value(
        "port of Redis for other hosts, over mutual TLS; redis_port is then for the host itself; None: other hosts "
        "ask at redis_port, without encryption"
    )
    redis_sentinel_tls_port: Port | None = value("and of each Sentinel, where there are any")
    redis_down_after: Duration = value("how long Redis' master is silent before Sentinels replace it", ge=1)
    redis_failover_timeout: Duration = value("how long a failover may take before it is tried again", ge=3)
    metrics_port: Port = value("port on which a host answers the monitoring hosts, over mutual TLS")
    services: dict[ServiceName, Service] = value("the platform's services: see below", "guide")
    postgres_first_primary: str = value("primary of a site that has no data yet")
    postgres_database: Identifier = value("the platform's database", "guide")
    postgres_user: Identifier = value("the platform's role", "guide")
    postgres_failover: Literal["manual", "patroni"] = value("who promotes a replica when the primary is gone")
    patroni_ttl: Duration = value(
        "a primary that cannot renew its lock for this long is one no more", "Patroni: 30 s", ge=20
    )
    patroni_loop_wait: Duration = value("how often Patroni looks, and renews it", "Patroni: 10 s", ge=1)
    patroni_retry_timeout: Duration = value("how long Patroni tries what fails", "Patroni: 10 s", ge=3)
    patroni_synchronous: bool = value("whether a write is acknowledged only once a replica has it")
    largest_body: Size = value("largest body of a request, at the load balancers and at the gateways")

    authority_directory: str = value("where this machine keeps the site's authority")
    certificate_lifetime: Duration = value("validity of a certificate", "at most 366 days (Mozilla)")
    certificate_renewal: Duration = value("a run renews what has less left")


class EveryHost(Data):
    """Values of group_data/all.py that each host may have of its own."""

    address: Address4 = value("IPv4 address by which the other hosts reach it", "the inventory")
    address6: Address6 = value("and its IPv6 address, if it has one", "the inventory", default=None)
    minimum_cpus: int = value("CPUs a host must have", "guide: 2 cores")
    minimum_memory: Size = value("memory a host must have", "guide: 4 GB, less what the kernel keeps")
    minimum_disk: Size = value("size of the root file system a host must have", "guide: 20 GB")
    minimum_disk_free: Size = value("free space a host must have")
    maximum_clock_skew: Duration = value("how far clocks of hosts may be apart")
    maximum_shell_start: Duration = value("how long a login shell may take to start; it is paid on every execution")
    maximum_disk_use: float = value(
        "percent of a file system's bytes or inodes that may be used before status calls it wrong", gt=0, le=100
    )
    packages_from: Literal["mirror", "bundle"] = value(
        "where it has Debian's packages from: a mirror that its own apt knows, or a bundle unpacked on this machine"
    )
    time_servers: tuple[str, ...] = value("NTP servers; none: hosts follow the site's first", "Debian's pool")
    journal_size: Size = value("what the journal may take of a disk")
    journal_retention: Duration = value("how long the journal is kept")
    automatic_reboot: bool = value("whether a host reboots when a security update asks for it")
    automatic_reboot_time: str = value("and when, HH:MM", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    ssh_port_of_hosts: Port = value("port of sshd on the hosts")
    sshd_options: tuple[str, ...] = value("further lines of sshd's configuration")
    ssh_forwarding: tuple[Annotated[str, Field(pattern=r"^(any|[^\s:]+:(\d+|\*)|\[[^\s]+\]:(\d+|\*))$")], ...] = value(
        "to where sshd forwards (`host:port`, `*:22` on a jump host, `any`), besides the pages of a monitoring host"
    )
    confirmation_timeout: Duration = value(
        "how long a new login may take to confirm a firewall or sshd; undone 10 s later", "1 to 40 s", ge=1, le=40
    )
    kernel_settings: dict[str, str] = value("kernel settings by key", "guide: OS optimizations")
    kernel_modules: tuple[Name, ...] = value("modules loaded at boot", "`bbr` needs its own")
    open_files: int = value("files one process may have open", "guide: ulimits", ge=1024)
