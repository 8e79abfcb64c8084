"""The host that renews the certificates of all: by data, not by the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deploys.controller.renewal import CERTIFICATE, GROUP, SERVICE, Renewal, authority
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.rule import Rule
from deploys.settings.site import Site

SOCKET = SERVICE.replace(".service", ".socket")


def by_data(name: str, groups: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether a host is the one that the data names."""
    return data.get("certificate_authority") == name


def problems(site: Site) -> Iterator[str]:
    """A name that no host has."""
    name = site.data(Renewal).certificate_authority
    if name and not authority(site):
        known = ", ".join(host.name for host in site.hosts)
        yield f"certificate_authority (in group_data/all.py): {name} is no host of the site; there are {known}."


DECLARATION = Declaration(
    title="Certificate authority",
    phase=4,
    group=GROUP,
    by_data=by_data,
    required=False,
    shared=Renewal,
    packages=("openssl", "python3", "python3-cryptography"),
    listeners=(Listener("certificate_authority_port", ("systemd", "python3")),),
    rules=(Rule(source="all", destination=GROUP, ports=("certificate_authority_port",)),),
    traces=(f"/etc/systemd/system/{SOCKET}",),
    units=(SOCKET,),
    certificates=(CERTIFICATE,),
    problems=problems,
)
