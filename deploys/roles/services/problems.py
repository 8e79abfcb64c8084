"""What is wrong with a catalogue although each entry by itself is right, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploys.controller.services import artifacts, digests
from deploys.settings import catalogue, declarations
from deploys.settings.catalogue import group, own
from deploys.settings.service import Reach, Service
from deploys.settings.site import Site

RESERVED = dict.fromkeys(
    ("postgres", "template0", "template1", "replicator", "monitoring", "backup", "pgbouncer", "pool_verifiers"),
    "Postgres and its hosts",
)
"""Databases and roles that there are anyway."""
GATEWAYS_KNOW = (
    "auth", "sample", "storage", "template", "sequencing", "notification", "transaction", "event", "rag"
)  # fmt: skip
"""Services that have a variable and routes of their own in the gateway."""
WHERE = "(in group_data/all.py, or what overrides it)"


def problems(site: Site) -> Iterator[str]:
    """Hosts, services, ports and files that are not as the catalogue has them."""
    for name, service in site.shared.services.items():
        place = f"services.{name} {WHERE}"
        yield from _of_addresses(place, service)
        if service.gateway and name not in GATEWAYS_KNOW:
            yield f"{place}: gateways pass requests on to {', '.join(GATEWAYS_KNOW)} alone: write gateway: False."
        if service.gateway and service.guard_port:
            yield f"{place}: gateways show no certificate, so with guard_port it needs gateway: False."
        yield from _of_hosts(site, place, service)
        yield from _of_reach(site, place, service)
        yield from _of_source(place, name, service)
        yield from _of_database(site, name, place, service)
        if "JWT_SECRET_KEY" in service.secrets:
            yield f"{place}: write tokens: True in place of the secret JWT_SECRET_KEY: with RS256 there is none."
    yield from _of_ports(site)


def _of_addresses(place: str, service: Service) -> Iterator[str]:
    for url in service.addresses:
        if not catalogue.is_address((url.host or "").strip("[]")):
            yield (
                f"{place}: {url} has a name, and the firewall and hosts without DNS need an address: write its IPv4 or "
                "IPv6 address."
            )


def _of_hosts(site: Site, place: str, service: Service) -> Iterator[str]:
    known = [host.name for host in site.hosts]
    for host in service.hosts:
        if host not in known:
            yield f"{place}: {host} is no host of the inventory; there are {', '.join(known)}."
    for host in dict.fromkeys(host for host in service.hosts if service.hosts.count(host) > 1):
        yield f"{place}: {host} is named twice; instances says how many a host runs."


def _of_reach(site: Site, place: str, service: Service) -> Iterator[str]:
    for reached in service.reaches:
        if isinstance(reached, str) and reached not in site.shared.services:
            yield f"{place}: it reaches {reached}, which is no service; there are {', '.join(site.shared.services)}."
        # Of a group or network that is none, the firewall's own check says it.
        if isinstance(reached, Reach) and reached.destination == "all":
            yield f"{place}: it reaches all, on purpose nothing of a service: name the groups that it needs."


def _of_database(site: Site, name: str, place: str, service: Service) -> Iterator[str]:
    shared, database = site.shared, service.database
    taken = {shared.postgres_database: "the platform's", shared.postgres_user: "the platform's role", **RESERVED}
    taken |= {one.database: f"services.{other}" for other, one in own(shared).items() if one.database and other != name}
    if database in taken:
        yield f"{place}: the database {database} is that of {taken[database]} already: give it a name of its own."


def _of_source(place: str, name: str, service: Service) -> Iterator[str]:
    source = service.source
    if not source:
        return
    path = Path(source.file)
    # A bundle brings what was made of a file, and not the file.
    if not path.exists() and artifacts.made_of(name, source):
        return
    try:
        found = digests.of(path)
    except OSError as error:
        yield f"{place}: source.file is {path}, which cannot be read on this machine: {error.strerror}."
        return
    if found != source.sha256:
        yield (
            f"{place}: {path} has the digest {found}, and source.sha256 is {source.sha256}: it is another file than "
            "the one that was meant."
        )


def _of_ports(site: Site) -> Iterator[str]:
    for host in site.hosts:
        taken: dict[int, str] = {}
        for role in declarations.of_host(host.groups).values():
            for listener in role.listeners:
                port = host.value(listener.port) if isinstance(listener.port, str) else listener.port
                if isinstance(port, int):
                    taken[port] = role.title
        for name, service in own(site.shared).items():
            for port in dict.fromkeys((*service.own_ports, *service.ports)) if group(name) in host.groups else ():
                if port in taken:
                    yield f"services.{name} {WHERE}: port {port} of {host.name} is {taken[port]}'s already."
                taken[port] = f"services.{name}"
