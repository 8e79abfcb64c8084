"""What follows for the whole site from the catalogue of the platform's services."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from deploys.settings import wires
from deploys.settings.rule import Rule
from deploys.settings.service import Reach, Service
from deploys.settings.shared import Shared

GROUP = "services"
"""The group of all hosts that run a service of the catalogue."""
GUARDS = "guards"
"""The group of those of them that run one with a guard before it."""
SECRET_LENGTH = 8
"""Characters that a secret of a service needs: what other houses give out is not ours to choose."""
PASSWORD_LENGTH = 20
"""Characters of a password that only the site itself knows."""


def group(name: str) -> str:
    """What a rule calls the hosts of a service, or its addresses where it runs elsewhere."""
    return f"{GROUP}.{name}"


def groups_of(host: str, data: Mapping[str, Any]) -> frozenset[str]:
    """
    The groups that a host is in because of the catalogue.

    Args:
        host: its name
        data: all that it was given; it is not checked yet
    """
    catalogue = data.get(GROUP)
    entries = catalogue.items() if isinstance(catalogue, Mapping) else ()
    found = {
        name: entry
        for name, entry in entries
        if isinstance(entry, Mapping) and isinstance(hosts := entry.get("hosts"), (list, tuple)) and host in hosts
    }
    guards = (GUARDS,) if any(entry.get("guard_port") for entry in found.values()) else ()
    return frozenset((GROUP, *guards, *map(group, found))) if found else frozenset()


def own(shared: Shared) -> Mapping[str, Service]:
    """The services that the site runs, in the catalogue's order."""
    return {name: service for name, service in shared.services.items() if not service.elsewhere}


def callers(shared: Shared, name: str) -> list[str]:
    """The services that reach another one, by name."""
    return [other for other, service in own(shared).items() if name in service.reaches]


def networks(shared: Shared) -> dict[str, tuple[str, ...]]:
    """Names for addresses outside of the site: those of the data, and of each service that runs elsewhere."""
    elsewhere = {group(name): _addresses(service) for name, service in shared.services.items() if service.elsewhere}
    return {**shared.networks, **elsewhere}


def _addresses(service: Service) -> tuple[str, ...]:
    hosts = dict.fromkeys((url.host or "").strip("[]") for url in service.addresses)
    return tuple(str(ipaddress.ip_network(host)) for host in hosts if is_address(host))


def is_address(host: str) -> bool:
    """Whether the host of a URL is an address, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def rules(shared: Shared) -> Iterator[Rule]:
    """What the firewall must let through for the services, and for who calls them."""
    for name, service in shared.services.items():
        if service.gateway:
            yield Rule(source="gateways", destination=group(name), ports=service.ports)
    for name, service in own(shared).items():
        yield Rule(source="monitoring", destination=group(name), ports=service.ports)
        if service.database:
            yield Rule(source=group(name), destination="postgres", ports=("postgres_port",))
        if service.redis:
            yield Rule(source=group(name), destination="redis", ports=wires.redis(shared))
        for reached in service.reaches:
            if isinstance(reached, Reach):
                yield Rule(source=group(name), destination=reached.destination, ports=reached.ports)
            elif reached in shared.services:
                yield Rule(source=group(name), destination=group(reached), ports=shared.services[reached].ports)


def connections(shared: Shared) -> int:
    """How many connections to Postgres all services together may open."""
    return sum(service.connections_of_all for service in own(shared).values())


def secrets(shared: Shared) -> dict[str, int]:
    """The names of the secrets that services are given, and how many characters each needs."""
    services = own(shared)
    given = {name: SECRET_LENGTH for service in services.values() for name in service.secrets}
    own_names = [database_secret(name) for name, service in services.items() if service.database]
    own_names += [redis_secret(name) for name, service in services.items() if service.redis]
    return given | dict.fromkeys(own_names, PASSWORD_LENGTH)


def database_secret(name: str) -> str:
    """The name of the secret that is the password of a service's role in Postgres."""
    return f"{name.upper()}_DATABASE_PASSWORD"


def redis_secret(name: str) -> str:
    """The name of the secret that is the password of a service's user in Redis."""
    return f"{name.upper()}_REDIS_PASSWORD"
