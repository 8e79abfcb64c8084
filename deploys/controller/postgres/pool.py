"""What a Postgres server, the pool before it, and those who connect to it must agree on."""

from __future__ import annotations

from deploys.settings.host import SiteHost
from deploys.settings.site import Site

USER = "pgbouncer"
"""The system user of the pool, and the role by which it asks the server for the verifier of a password."""
MAP = "pool"
"""The map in pg_ident.conf by which that system user is the platform's role on its own host."""
OWNER = "pool_verifiers"
"""The role whose function reads verifiers; nobody can log in as it."""


def networks(host: SiteHost) -> tuple[str, ...]:
    """A host's addresses, each as a network of one."""
    return tuple(f"{address}/{128 if ':' in address else 32}" for address in host.addresses)


def clients(site: Site, host: SiteHost) -> tuple[str, ...]:
    """The networks from which the platform's own role may connect to a Postgres host."""
    gateways = (network for peer in site.group("gateways") for network in networks(peer))
    others = host.value("postgres_clients")
    assert isinstance(others, tuple)
    return tuple(dict.fromkeys((*gateways, *others)))


def port(site: Site) -> int:
    """Where the platform's own programs find Postgres: the pool, or the servers themselves where there is none."""
    return site.shared.postgres_pool_port or site.shared.postgres_port
