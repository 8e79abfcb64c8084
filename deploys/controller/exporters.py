"""The exporters of a host: each a program on its loopback, and the module under which the one open port has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploys.settings.host import SiteHost
from deploys.settings.site import Site

NODE = "prometheus-node-exporter"
POSTGRES = "prometheus-postgres-exporter"
REDIS = "prometheus-redis-exporter"
BLACKBOX = "prometheus-blackbox-exporter"
MTAIL = "mtail"
"""It counts lines of logs."""
PACKAGES = (NODE, POSTGRES, REDIS, BLACKBOX, MTAIL)
TEXTFILES = "/var/lib/tracseq*/state"
"""Directories with metrics that programs of the site leave in files (``*.prom``)."""


@dataclass(frozen=True)
class Module:
    """
    What a host tells of one thing.

    Attributes:
        name: of the module
        port: on the loopback
        package: of the exporter; None where the thing tells of itself
        group: whose hosts have it; None: all
        of: what the exporter of another module asks for this one, where it is not what that one tells of
    """

    name: str
    port: int
    package: str | None = None
    group: str | None = None
    of: str | None = None

    def on(self, host: SiteHost) -> bool:
        """Whether a host has it."""
        return self.group is None or self.group in host.groups


def known(site: Site) -> tuple[Module, ...]:
    """Every module that hosts of a site may have, on the ports that Prometheus' wiki has for each exporter."""
    return (
        Module("node", 9100, NODE),
        Module("postgres", 9187, POSTGRES, "postgres"),
        Module("redis", 9121, REDIS, "redis"),
        Module("sentinel", 9121, None, "sentinels", sentinel(site)),
        Module("nginx", 3903, MTAIL, "load_balancers"),
        Module("gateway", site.shared.gateway_port, None, "gateways"),
        *_green(site),
        Module("prometheus", 9090, None, "monitoring"),
        Module("alertmanager", 9093, None, "monitoring"),
    )


def sentinel(site: Site) -> str:
    """What the exporter of Redis calls the Sentinel of its host."""
    return f"redis://127.0.0.1:{site.shared.redis_sentinel_port}"


def _green(site: Site) -> Iterator[Module]:
    port = site.shared.gateway_green_port
    if port is not None:
        yield Module("gateway_green", port, None, "gateways")


def of(site: Site, host: SiteHost) -> Iterator[Module]:
    """The modules of a host."""
    return (module for module in known(site) if module.on(host))


def path(module: str) -> str:
    """Where on the one port a module is asked."""
    return f"/proxy?module={module}"


def targets(site: Site) -> Iterator[tuple[Module, list[str]]]:
    """Each module that any host has, and where it is asked: hosts, with their port."""
    for module in known(site):
        hosts = [host.name for host in site.hosts if module.on(host)]
        if hosts:
            yield module, [f"{name}:{site.shared.metrics_port}" for name in sorted(hosts)]
