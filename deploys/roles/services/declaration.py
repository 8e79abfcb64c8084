"""Hosts with services of the platform: those that the catalogue names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deploys.controller.services import guards, names
from deploys.roles.services.problems import problems
from deploys.settings import catalogue
from deploys.settings.credential import Credential
from deploys.settings.declaration import Declaration, Listener, OnHost
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def by_data(name: str, groups: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether the catalogue names a host."""
    return bool(catalogue.groups_of(name, data))


def on_host(site: Site, host: SiteHost) -> OnHost:
    """The instances of a host: their ports and units."""
    instances = list(names.of_host(site, host))
    return OnHost(
        listeners=tuple(Listener(one.port, ("systemd",) if one.socket else (), unit=one.unit) for one in instances),
        units=tuple(unit for one in instances for unit in (one.socket, one.unit) if unit),
    )


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """What the instances of a host show to guards of others, and to Redis."""
    for one in names.of_host(site, host):
        if guards.shows(site, one.name):
            yield guards.credential(one, host)


DECLARATION = Declaration(
    title="Services",
    group=catalogue.GROUP,
    by_data=by_data,
    required=False,
    packages=("curl", "python3", "python3-venv"),
    rules_by_data=catalogue.rules,
    after=("postgres", "redis"),
    traces=(names.DIRECTORY,),
    on_host=on_host,
    credentials=credentials,
    problems=problems,
)
