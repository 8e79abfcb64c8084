"""Hosts with an instance of the API gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from deploys.controller.releases import encryption, webhooks
from deploys.roles.gateway import traces
from deploys.settings import catalogue, wires
from deploys.settings.credential import Credential
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener, Machine
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.shared import Shared
from deploys.settings.site import Site
from deploys.settings.units import Size

POOL = 20
"""Connections to Postgres that one process of the gateway may open, where DB_POOL_MAX_SIZE does not say."""

OFF = ("false", "0", "no", "off")
"""How a variable of the gateway says no."""

CERTIFICATE = (f"{encryption.GATEWAY}/server.crt", f"{encryption.GATEWAY}/server.key")
"""What a gateway shows to load balancers, and its key, where the site has a port for that."""

REDIS_CERTIFICATE = (f"{encryption.GATEWAY}/redis.crt", f"{encryption.GATEWAY}/redis.key")
"""What it shows to Redis, and its key, where that asks for one."""

KEPT = 5
"""Connections that Postgres keeps for its superuser (superuser_reserved_connections), and two to look at it."""


class Gateways(Data):
    """group_data/gateways.py"""

    gateway_workers: int | None = value("processes per gateway; None: one per CPU", ge=1)
    gateway_memory: Size = value("memory limit of the unit", "guide: 1 GB")
    gateway_cpus: float = value("CPU limit of the unit, in CPUs", "guide: 2.0", gt=0)
    gateway_drain_timeout: int = value(
        "seconds that requests, uploads and WebSockets have to end before a gateway that balancers left out changes",
        ge=0,
        le=86400,
    )
    gateway_shutdown_timeout: int = value("seconds requests in flight have to end, 1 to 600", ge=1, le=600)
    gateway_health_timeout: int = value(
        "seconds a gateway may take to be well after a change; else what was there before is put back", ge=1, le=600
    )
    gateway_all_or_nothing: bool = value(
        "whether gateways that changed get back what they had before, where a later one is not well"
    )
    gateway_canary_seconds: int = value(
        "seconds that the first gateway with a change is compared with the others before they get it; 0: not at all",
        ge=0,
        le=86400,
    )
    gateway_releases_kept: int = value("releases kept beside the current one", ge=1)
    gateway_trace_endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/]+/\S*$")] | None = value(
        "where a collector takes the gateways' spans by OTLP over HTTP; None: nowhere"
    )
    gateway_trace_sample_ratio: float = value(
        "of traces that begin at a gateway, how many are recorded; 1: all", ge=0, le=1
    )
    gateway_environment: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], str] = value(
        "environment variables of the gateway (gateway/README.md)", "guide"
    )


def problems(site: Site) -> Iterator[str]:
    """A trial or a release after which nobody could go back, no way to a collector, a second gateway in plain text."""
    if site.shared.gateway_green_port and site.shared.gateway_tls_port and not site.shared.gateway_green_tls_port:
        yield (
            "gateway_green_tls_port (in group_data/all.py) is None, and gateway_tls_port and gateway_green_port are "
            "not: the second gateway of a host needs a port for TLS as well, such as 8444."
        )
    for host in site.group("gateways"):
        data = host.data(Gateways)
        yield from traces.problems(site, host, data.gateway_trace_endpoint, data.gateway_environment)
        if site.shared.gateway_green_port is not None and data.gateway_releases_kept < 2:
            yield (
                f"gateway_releases_kept (of {host.name}) must be 2 or more with gateway_green_port: the other gateway "
                "of the host has one of them."
            )
        if data.gateway_canary_seconds and not data.gateway_all_or_nothing:
            yield (
                f"gateway_canary_seconds (of {host.name}) needs gateway_all_or_nothing: a gateway that does worse than "
                "the others goes back by it."
            )
        if data.gateway_canary_seconds and data.gateway_environment.get("ENABLE_METRICS", "").lower() in OFF:
            yield (
                f"gateway_canary_seconds (of {host.name}) needs the gateways' metrics: take ENABLE_METRICS out of "
                "gateway_environment."
            )


def connections(host: SiteHost, cpus: int) -> int:
    """How many connections to Postgres a gateway may open, with all its processes."""
    data = host.data(Gateways)
    return (data.gateway_workers or cpus) * int(data.gateway_environment.get("DB_POOL_MAX_SIZE", POOL))


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """What a host's gateways show to load balancers, and to Redis; they take up new ones by themselves."""
    user = site.shared.platform_user
    if site.shared.gateway_tls_port:
        yield Credential(
            certificate=CERTIFICATE[0],
            key=CERTIFICATE[1],
            kept_as=f"{host.name}-gateway",
            names=(host.name, *host.addresses, encryption.NAME),
            usages=("server",),
            group=user,
            mode="640",
        )
    if site.shared.redis_tls_port:
        yield Credential(
            certificate=REDIS_CERTIFICATE[0],
            key=REDIS_CERTIFICATE[1],
            kept_as=f"{host.name}-client",
            names=(host.name,),
            usages=("client",),
            group=user,
            mode="640",
        )


def rules(shared: Shared) -> Iterator[Rule]:
    """Redis, at the ports where other hosts ask it."""
    yield Rule(source="gateways", destination="redis", ports=wires.redis(shared))


def obstacles(site: Site, host: SiteHost, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """More connections of all gateways, and of services beside them, than Postgres lets in."""
    gateways = site.group("gateways")
    wanted = sum(connections(gateway, int(machine.number("cpus")) or 1) for gateway in gateways)
    counted, limit = "gateways, times gateway_workers, times DB_POOL_MAX_SIZE", "postgres_pool_clients"
    if site.shared.gateway_green_port is not None:
        wanted, counted = 2 * wanted, f"{counted}, twice with gateway_green_port"
    if not site.shared.postgres_pool_port:
        limit = "postgres_max_connections"
        if of_services := catalogue.connections(site.shared):
            wanted, counted = wanted + of_services, f"{counted}; and {of_services} of services"
    allowed = min(int(str(peer.value(limit))) for peer in site.group("postgres")) - KEPT
    if host == gateways[0] and wanted > allowed:
        yield (
            "connections",
            f"{wanted} ({counted})",
            f"at most {allowed}: {limit} less what Postgres keeps for itself",
        )


DECLARATION = Declaration(
    title="Gateway",
    phase=2,
    group="gateways",
    model=Gateways,
    packages=("python3", "python3-venv", "iproute2"),
    # systemd holds the port while the gateway itself is restarted.
    listeners=tuple(
        Listener(port, ("python", "systemd"))
        for port in ("gateway_port", "gateway_green_port", "gateway_tls_port", "gateway_green_tls_port")
    ),
    rules=(Rule(source="gateways", destination="postgres", ports=("postgres_port",)),),
    rules_by_data=rules,
    secrets={"JWT_SECRET_KEY": 32},
    optional_secrets={webhooks.PLAIN: 8, webhooks.SLACK: 8, webhooks.TEAMS: 8},
    after=("postgres", "redis", "services"),
    traces=("/etc/systemd/system/tracseq-gateway.service",),
    units=("tracseq-gateway.socket", "tracseq-gateway.service"),
    credentials=credentials,
    problems=problems,
    obstacles=obstacles,
)
