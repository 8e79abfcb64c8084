"""The databases of services: each of its own, with a role of the same name."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.postgres import pool
from deploys.settings.catalogue import database_secret, group, own
from deploys.settings.site import Site


@dataclass(frozen=True)
class Database:
    """The database of a service: its name is that of its owner too."""

    name: str
    password: str = field(repr=False)
    networks: tuple[str, ...]
    """From where its owner may connect."""
    connections: int
    """How many its owner may have."""


def of(site: Site) -> list[Database]:
    """The databases of a site's services."""
    return [
        Database(
            service.database,
            site.secret(database_secret(name)),
            tuple(network for host in site.group(group(name)) for network in pool.networks(host)),
            service.connections_of_all,
        )
        for name, service in own(site.shared).items()
        if service.database
    ]


def variables(site: Site, name: str) -> dict[str, str]:
    """
    How a service finds its database, whichever server is the primary (libpq's form); empty where it has none.

    Args:
        site: the site
        name: of the service
    """
    service = site.shared.services[name]
    database = service.database
    if not database:
        return {}
    servers = ",".join(f"{peer.name}:{site.shared.postgres_port}" for peer in site.group("postgres"))
    password = quote(site.secret(database_secret(name)), safe="")
    url = (
        f"postgresql://{database}:{password}@{servers}/{database}"
        f"?target_session_attrs=read-write&sslmode=verify-full&sslrootcert={AUTHORITY_FILE}"
    )
    return {"DATABASE_URL": url, "DB_POOL_MAX_SIZE": str(service.connections)}
