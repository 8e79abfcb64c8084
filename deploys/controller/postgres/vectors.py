"""Databases with the type ``vector``: which they are, and what their hosts need for it."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.settings.catalogue import own
from deploys.settings.debian import RELEASES, WITH_PGVECTOR
from deploys.settings.declaration import Machine, OnHost
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

SETTINGS = {
    # CVE-2026-3172, pgvector 0.6.0 to 0.8.1: an HNSW index that is built by several processes at once overflows a
    # buffer, which shows rows of other tables or ends the server (github.com/pgvector/pgvector/issues/959).
    "max_parallel_maintenance_workers": "0",
}
"""What such a database has, for what is wrong with the pgvector that Debian brings (0.8.0)."""


def databases(site: Site) -> list[str]:
    """The databases of a site's services that have vectors."""
    return [service.database for service in own(site.shared).values() if service.vectors and service.database]


def on_host(site: Site, host: SiteHost) -> OnHost:
    """The package of a Postgres host, and of one that restores clusters: an index cannot be checked without it."""
    return OnHost(packages=(WITH_PGVECTOR.pgvector,) if databases(site) else ())


def obstacles(site: Site, host: SiteHost, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """A Debian that has no such package."""
    release = f"{machine.number('version'):.0f}"
    if databases(site) and release in RELEASES and not RELEASES[release].has_pgvector:
        wanted = "Debian 13 (docs/operations/another-debian.md), or Chroma (docs/operations/services.md)"
        yield "vectors, in services", f"Debian {release} has no pgvector", wanted
