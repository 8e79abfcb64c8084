"""Redis hosts whose servers replicate and fail over: by data, not by the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deploys.controller.redis import software
from deploys.facts.redis_software import REDIS, SOFTWARE, Software, other
from deploys.settings import wires
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.rule import Rule
from deploys.settings.shared import Shared
from deploys.settings.site import Site

HOSTS = 3


def by_data(name: str, groups: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether a Redis host has a Sentinel."""
    return "redis" in groups and bool(data.get("redis_sentinel_port"))


def problems(site: Site) -> Iterator[str]:
    """Sentinels without a majority, and servers that nobody would have replicate."""
    servers, port = site.group("redis"), site.shared.redis_sentinel_port
    names = ", ".join(host.name for host in servers)
    where = "redis_sentinel_port (in group_data/all.py)"
    if port is None and len(servers) > 1:
        yield (
            f"the inventory's group redis has {len(servers)} hosts ({names}), and {where} is None: they would know "
            "nothing of each other. Give a port, such as 26379, and three hosts; or name one host."
        )
    elif port is not None and len(servers) == 2:
        yield (
            f"the inventory's group redis has two hosts ({names}): when one of them is gone, there is no majority of "
            "Sentinels to promote the other, and a master without a replica takes no writes. Name a third host (one "
            f"of the site that has other roles will do), or one host and no {where}."
        )
    elif port is not None and len(servers) != HOSTS:
        yield (
            f"the inventory's group redis has {len(servers)} hosts ({names}): Sentinels need three. Name three, or one "
            f"and no {where}."
        )
    if bool(site.shared.redis_sentinel_tls_port) != bool(port and site.shared.redis_tls_port):
        yield (
            "redis_sentinel_tls_port (in group_data/all.py) is for a site that has redis_tls_port and "
            "redis_sentinel_port, and for no other: give all three, or not this one."
        )


def rules(shared: Shared) -> Iterator[Rule]:
    """Each other, servers and Sentinels, at the ports where other hosts ask them."""
    yield Rule(source="sentinels", destination="sentinels", ports=wires.redis(shared))


def of(chosen: Software) -> Declaration:
    """The role with one of the two servers."""
    programs = (chosen.sentinel, other(chosen).sentinel)
    return Declaration(
        title="Redis Sentinel",
        group="sentinels",
        by_data=by_data,
        required=False,
        packages=(chosen.sentinel,),
        listeners=(Listener("redis_sentinel_port", programs), Listener("redis_sentinel_tls_port", programs)),
        rules_by_data=rules,
        traces=tuple(one.sentinel_drop_in for one in SOFTWARE.values()),
        units=(chosen.sentinel_unit,),
        of_site=lambda shared: of(software.of(shared)),
        problems=problems,
    )


DECLARATION = of(REDIS)
