"""Postgres hosts of a site whose servers Patroni keeps: by data, not by the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deploys.facts.patroni import CONFIGURATION, CREDENTIALS
from deploys.settings.credential import Credential, of_host
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site


def by_data(name: str, groups: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether Patroni keeps the server of a host."""
    return "postgres" in groups and data.get("postgres_failover") == "patroni"


def problems(site: Site) -> Iterator[str]:
    """Patroni without a majority, without anybody to promote, or with times that contradict each other."""
    if not site.group("patroni"):
        return
    where = 'postgres_failover = "patroni" (in group_data/all.py)'
    if len(site.group("postgres")) < 2:
        yield f"{where}: there is one Postgres host, and so nobody to promote."
    if not site.group("etcd"):
        yield (
            f"{where}: the inventory has no group etcd. Two Postgres hosts that lose sight of each other cannot tell "
            "which of them is gone: only a majority can, of three hosts with etcd. Name three hosts of the site."
        )
    shared = site.shared
    if shared.postgres_pool_port:
        yield f"{where}: the pool (postgres_pool_port) lives with Debian's unit of the server: have one of the two."
    if any(host.value("postgres_synchronous") for host in site.group("postgres")):
        yield f"{where}: it names the replicas that must have a write itself: postgres_synchronous must be 0."
    if shared.patroni_loop_wait + 2 * shared.patroni_retry_timeout > shared.patroni_ttl:
        yield (
            "patroni_ttl (in group_data/all.py): it must be at least patroni_loop_wait + 2 * patroni_retry_timeout, "
            "or a primary loses its lock while it still tries to renew it."
        )


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it asks etcd and the other members, read for each connection."""
    yield of_host(host, "client", CREDENTIALS, owner="postgres", group="postgres")


DECLARATION = Declaration(
    title="Patroni",
    group="patroni",
    by_data=by_data,
    required=False,
    # Of Debian's dependencies, python3-etcd is an alternative to clients of other stores, and without python3-idna
    # urllib3 connects to nobody by TLS.
    packages=("patroni", "python3-etcd", "python3-idna", "etcd-client"),
    listeners=(Listener("patroni_port", ("patroni", "python3")),),
    rules=(Rule(source="patroni", destination="patroni", ports=("patroni_port",)),),
    after=("etcd",),
    traces=(CONFIGURATION,),
    units=("patroni.service",),
    credentials=credentials,
    problems=problems,
)
