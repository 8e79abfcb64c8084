"""Who may reach a service that authenticates nobody itself: what its guard asks for, and callers show."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from deploys.controller.services import redis
from deploys.controller.services.names import Instance
from deploys.settings.catalogue import GROUP, callers, group, own
from deploys.settings.credential import Credential
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


@dataclass(frozen=True)
class Guarded:
    """An instance of a service with a guard before it."""

    service: str
    port: int
    """At which it is reached."""
    own_port: int
    """At which it listens on the loopback."""
    health: str
    """The path at which it says whether it is well."""
    callers: tuple[str, ...]
    """The names in the certificates of those that may ask it anything."""
    watchers: tuple[str, ...]
    """And of those that may ask whether it is well."""


def of_host(site: Site, host: SiteHost) -> Iterator[Guarded]:
    """
    The guarded instances of a host.

    Args:
        site: the site
        host: where they run
    """
    for name, service in own(site.shared).items():
        if not service.guard_port or group(name) not in host.groups:
            continue
        known = tuple(
            common_name(caller, one) for caller in callers(site.shared, name) for one in site.group(group(caller))
        )
        watchers = tuple(one.name for one in site.group("monitoring"))
        for port, own_port in zip(service.ports, service.own_ports, strict=True):
            yield Guarded(name, port, own_port, service.health.partition("?")[0], known, watchers)


def common_name(service: str, host: SiteHost) -> str:
    """The name in the certificate of a service on a host, which is that of no host."""
    return f"{service}.{GROUP}.{host.name}"


def reached(site: Site, name: str) -> list[str]:
    """The services with a guard that another one reaches."""
    shared = site.shared
    return [
        one
        for one in shared.services[name].reaches
        if isinstance(one, str) and one in shared.services and shared.services[one].guard_port
    ]


def shows(site: Site, name: str) -> bool:
    """Whether a service shows somebody a certificate: guards, or Redis."""
    return bool(reached(site, name)) or redis.shows(site, name)


def credential(instance: Instance, host: SiteHost) -> Credential:
    """
    What an instance of a service shows to guards, and to Redis: it gets it when it starts.

    Args:
        instance: it
        host: where it runs
    """
    service = instance.service
    url = shlex.quote(f"http://127.0.0.1:{instance.port}{service.health}")
    well = f"curl --silent --fail --max-time 5 --output /dev/null {url}"
    # Instances of a host are renewed one after the other: those that are left answer until this one does again.
    waits = f"for _ in $(seq {math.ceil(service.health_timeout)}); do {well} && break; sleep 1; done"
    return Credential(
        certificate=instance.certificate,
        key=instance.key,
        kept_as=f"{host.name}-{GROUP}-{instance.name}",
        names=(common_name(instance.name, host),),
        usages=("client",),
        restart=True,
        take_up=f"systemctl try-restart {instance.unit} && {waits}",
    )


def variables(site: Site, instance: Instance) -> dict[str, str]:
    """
    What an instance is told in order to get past the guards of those that it reaches.

    Args:
        site: the site
        instance: it
    """
    found: dict[str, str] = {}
    for name in reached(site, instance.name):
        found |= instance.shown(f"{name.upper()}_SERVICE")
    return found
