"""Hosts with services of the platform: those that the catalogue names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from deploys.controller.services import names
from deploys.roles.services.problems import problems
from deploys.settings import catalogue
from deploys.settings.declaration import Declaration, Listener, OnHost
from deploys.settings.host import SiteHost
from deploys.settings.service import Service
from deploys.settings.site import Site

INTERPRETERS = ("python", "node", "java", "sh")
"""What else may hold the port of a service that it is a script for."""
SHOWN = 15
"""Characters of a program's name that the kernel keeps (TASK_COMM_LEN)."""


def by_data(name: str, groups: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether the catalogue names a host."""
    return bool(catalogue.groups_of(name, data))


def on_host(site: Site, host: SiteHost) -> OnHost:
    """The instances of a host: their ports and units."""
    instances = list(names.of_host(site, host))
    return OnHost(
        listeners=tuple(Listener(one.port, tuple(_programs(one.service))) for one in instances),
        units=tuple(unit for one in instances for unit in (one.socket, one.unit) if unit),
    )


def _programs(service: Service) -> Iterator[str]:
    if service.source and service.source.type == "image" and not service.command:
        yield ""  # whatever its image starts
        return
    program = service.command[0] if service.command else service.source.file if service.source else ""
    yield PurePath(program).name[:SHOWN]
    if service.socket:
        yield "systemd"
    yield from INTERPRETERS


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
    problems=problems,
)
