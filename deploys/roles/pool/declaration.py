"""Postgres hosts: where the site has a pool of connections, PgBouncer in front of each server."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller.postgres import pool
from deploys.settings import catalogue
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site

DIRECTORY = "/etc/tracseq/pool"
UNIT = "pgbouncer.service"
KEPT = 10
"""Connections of a server that its pool leaves to others: migrations, replicas, those who look at it."""


class Pool(Data):
    """group_data/postgres.py"""

    postgres_pool_size: int = value("connections of the pool to its server", ge=1)
    postgres_pool_clients: int = value("connections that its clients may have", ge=1)


def problems(site: Site) -> Iterator[str]:
    """More connections than the server lets in."""
    for host in site.group("postgres") if site.shared.postgres_pool_port else ():
        of_services = catalogue.connections(site.shared)
        size, most = host.data(Pool).postgres_pool_size, int(str(host.value("postgres_max_connections"))) - KEPT
        if size > most - of_services:
            yield (
                f"postgres_pool_size (in group_data/postgres.py) is {size}, and can be at most {most - of_services}: "
                f"postgres_max_connections less {KEPT} for others"
                f"{f', and {of_services} for services (connections, in services)' if of_services else ''}."
            )
            return


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it answers in place of its server; it runs only where that one takes writes."""
    if site.shared.postgres_pool_port:
        take_up = f"systemctl try-reload-or-restart {UNIT}"
        yield of_host(host, "server", DIRECTORY, group=pool.USER, mode="640", take_up=take_up)


DECLARATION = Declaration(
    title="Pool",
    group="postgres",
    model=Pool,
    packages_by_data=("pgbouncer",),
    listeners=(Listener("postgres_pool_port", ("pgbouncer",)),),
    rules=(Rule(source="gateways", destination="postgres", ports=("postgres_pool_port",)),),
    traces=("/etc/systemd/system/pgbouncer.service.d/tracseq.conf",),
    credentials=credentials,
    problems=problems,
)
