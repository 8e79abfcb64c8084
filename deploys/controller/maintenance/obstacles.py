"""What keeps a host from going out for maintenance: what remains must work, and nothing may be lost."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from deploys.controller.status.section import Finding
from deploys.controller.upkeep.order import ALONE
from deploys.facts.maintenance import Note
from deploys.facts.postgres.state import slot_name
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

NEEDED = ("load_balancers", "gateways", "postgres", "redis")
"""Groups without which users are answered nothing, or otherwise; of the others it is said what waits."""


def kinds(site: Site, host: SiteHost) -> Mapping[str, Sequence[SiteHost]]:
    """The other hosts of each kind that a host is, by group."""
    found = {group: [one for one in site.group(group) if one != host] for group in (*ALONE, "etcd")}
    return {group: others for group, others in found.items() if group in host.groups}


def already(site: Site, host: SiteHost, out: Mapping[str, Note]) -> Iterator[str]:
    """
    Hosts of the same kind that are out: no data makes up for two.

    Args:
        site: the site
        host: the one that is to go out
        out: those that are, by name
    """
    for group, others in kinds(site, host).items():
        for one in others:
            if one.name in out:
                left = ", ".join(peer.name for peer in others if peer.name not in out)
                yield (
                    f"{out[one.name].sentence(one.name)} Without {host.name} too, "
                    f"{f'of {group} only {left} would work' if left else f'no host of {group} would work'}. "
                    f"Put {one.name} back first."
                )


def unwell(site: Site, host: SiteHost, wrong: Collection[Finding], silent: Mapping[str, str]) -> Iterator[str]:
    """
    What is not well about those that are to work alone meanwhile.

    Args:
        site: the site
        host: the one that is to go out
        wrong: what status calls wrong
        silent: hosts that were not reached, and why
    """
    peers = {one.name for others in kinds(site, host).values() for one in others}
    for name in sorted(peers & silent.keys()):
        yield f"{name} must do without {host.name}, and is not reached: {silent[name]}"
    slot = slot_name(host.name)
    for one in wrong:
        # A run that died has stopped it already: its peers wait for it, and need not be well for that.
        if re.search(rf"\b{slot}\b", one.what):
            continue
        if (one.host in peers and one.host not in silent) or not one.host:
            yield f"{one.host or 'The site'} is not well: {one.what} {one.do}".rstrip()


def missed(site: Site, host: SiteHost) -> Iterator[str]:
    """What users miss while a host is out, because nobody else does it."""
    for group, others in kinds(site, host).items():
        if not others and group in NEEDED:
            yield f"{host.name} is the only host in {group}: while it is out, {ALONE[group]}."
        if group == "etcd" and 2 * len(others) <= len(others) + 1:
            yield f"etcd has no majority without {host.name}: while it is out, no primary is promoted, and none stays."
    for service, entry in site.shared.services.items():
        if tuple(entry.hosts) == (host.name,):
            yield f"{host.name} alone runs the service {service}: while it is out, requests to it fail."


def untold(site: Site, host: SiteHost, silent: Collection[str]) -> Iterator[str]:
    """
    Load balancers that would send to a gateway that is out, once they are switched on.

    Args:
        site: the site
        host: the one that is to go out
        silent: hosts that were not reached
    """
    if "gateways" not in host.groups or len(site.group("gateways")) < 2:
        return
    for one in site.group("load_balancers"):
        if one != host and one.name in silent:
            yield f"{one.name} is not reached: once it is switched on, it would send requests to {host.name}."


def waits(site: Site, host: SiteHost) -> Iterator[str]:
    """What only waits while a host is out."""
    for group, others in kinds(site, host).items():
        if not others and group in ALONE and group not in NEEDED:
            yield f"{host.name} is the only host in {group}: while it is out, {ALONE[group]}."
    wanted = int(str(host.value("postgres_synchronous"))) if "postgres" in host.groups else 0
    left = len(site.group("postgres")) - 2
    if wanted > left:
        yield (
            f"postgres_synchronous is {wanted}: while {host.name} is out, a write is acknowledged once "
            f"{f'{left} replicas have' if left else 'the primary alone has'} it."
        )
