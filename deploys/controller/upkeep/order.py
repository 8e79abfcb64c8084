"""In which order hosts are updated and booted, and what their absence costs."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from deploys.settings.host import SiteHost
from deploys.settings.site import Site

ALONE = {
    "load_balancers": "nobody reaches the site",
    "gateways": "no request is answered",
    "postgres": "no write is taken",
    "redis": "each gateway limits by itself, and knows of no new revocation",
    "backups": "WAL waits on the Postgres hosts",
    "monitoring": "nobody is told of anything",
    "logs": "journals wait on their hosts",
}
"""By group, what it means while its only host boots."""


def order(
    site: Site, primary: str | None, owner: str | None, names: Collection[str], master: str | None = None
) -> tuple[str, ...]:
    """
    The hosts in the order of their turns: those that others lean on come last.

    Every replica comes before the primary, whatever else it is: after it, it would be the primary itself.

    Args:
        site: the site
        primary: the host whose Postgres server takes writes, None where there is none
        owner: the load balancer that has the shared address, None where there is none
        names: the hosts that have a turn
        master: the host whose Redis server others replicate, None where there is none
    """

    def last(host: SiteHost) -> int:
        marks = (
            host.name == master,
            "gateways" in host.groups,
            "load_balancers" in host.groups,
            host.name == owner,
            "postgres" in host.groups,
            host.name == primary,
        )
        return max((place for place, mark in enumerate(marks, 1) if mark), default=0)

    return tuple(host.name for host in sorted(site.hosts, key=last) if host.name in names)


def absences(site: Site, name: str) -> Iterator[str]:
    """
    What nobody else does while a host boots, a sentence each.

    Args:
        site: the site
        name: of the host
    """
    groups = site.host(name).groups
    for group, what in ALONE.items():
        if group in groups and len(site.group(group)) == 1:
            yield f"{name} is the only host in {group}: while it boots, {what}."
    replicas = len(site.group("postgres")) - 1
    if "postgres" in groups and 0 < replicas <= int(str(site.host(name).value("postgres_synchronous"))):
        yield f"postgres_synchronous needs every replica: while {name} boots, writes wait."
    for service, entry in site.shared.services.items():
        if tuple(entry.hosts) == (name,):
            yield f"{name} alone runs the service {service}: while it boots, requests to it fail."
