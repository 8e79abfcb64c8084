"""Where monitoring hosts ask whether each instance of a service is well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploys.settings.catalogue import group, own
from deploys.settings.site import Site


@dataclass(frozen=True)
class Asked:
    """An instance, and the address that answers 200 where it is well."""

    service: str
    host: str
    port: int
    url: str


def instances(site: Site) -> Iterator[Asked]:
    """
    Every instance that the site itself runs.

    Args:
        site: the site
    """
    for name, service in own(site.shared).items():
        scheme = "https" if service.guard_port else "http"
        for host in site.group(group(name)):
            address = f"[{host.address}]" if ":" in host.address else host.address
            for port in service.ports:
                yield Asked(name, host.name, port, f"{scheme}://{address}:{port}{service.health}")
