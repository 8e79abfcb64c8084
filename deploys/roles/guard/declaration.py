"""Hosts with a service that authenticates nobody itself: nginx before it asks for certificates of the site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deploys.controller.services import guards
from deploys.settings import catalogue
from deploys.settings.credential import Credential, of_host
from deploys.settings.declaration import Declaration, Listener, OnHost
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

NAME = "tracseq-guard"
UNIT = f"{NAME}.service"
DIRECTORY = "/etc/tracseq/guard"


def by_data(name: str, groups: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether the catalogue has a host run a service with a guard."""
    return catalogue.GUARDS in catalogue.groups_of(name, data)


def on_host(site: Site, host: SiteHost) -> OnHost:
    """The ports of a host's guard, and what listens there."""
    listeners = tuple(Listener(one.port, ("nginx",), unit=UNIT) for one in guards.of_host(site, host))
    return OnHost(listeners, packages=("nginx",))


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it answers services; it gets it when it starts, and what is under way then is cut."""
    yield of_host(host, "server", DIRECTORY, restart=True, take_up=f"systemctl try-restart {UNIT}")


DECLARATION = Declaration(
    title="Guard",
    group=catalogue.GUARDS,
    by_data=by_data,
    required=False,
    traces=(f"/etc/systemd/system/{UNIT}",),
    units=(UNIT,),
    on_host=on_host,
    credentials=credentials,
)
