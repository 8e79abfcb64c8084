"""Hosts with a Redis server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from deploys.controller.redis import software, tls
from deploys.facts.redis_software import REDIS, SOFTWARE, Software, other
from deploys.settings.credential import Credential
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener, Machine, State
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site
from deploys.settings.units import Size, written


class Redis(Data):
    """group_data/redis.py"""

    redis_memory: Size = value("memory for data, at most half of the host's", "guide: REDIS_MAXMEMORY")
    redis_eviction: Literal[
        "noeviction",
        "allkeys-lru",
        "volatile-lru",
        "allkeys-lfu",
        "volatile-lfu",
        "allkeys-random",
        "volatile-random",
        "volatile-ttl",
    ] = value("what goes when it is full")
    redis_fsync: Literal["everysec", "always"] = value(
        "when a write is on disk: within a second, or before it is acknowledged", "Redis: everysec"
    )
    redis_kernel_settings: dict[str, str] = value("kernel settings that Redis asks for", "Redis")


def obstacles(site: Site, host: SiteHost, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """
    Memory for data beyond half of the host's: Redis needs as much again while it rewrites its log; and what keeps the
    site's software from it.
    """
    yield from software.obstacles(site.shared, machine)
    memory, wanted = int(machine.number("memory")), host.data(Redis).redis_memory
    if wanted > memory // 2:
        yield "redis_memory", written(wanted), f"at most half of the host's {memory / 1024**3:.1f} GB"


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """By which a server is known, and its host's Sentinel."""
    if site.shared.redis_tls_port:
        yield tls.credential(site, host)


def of(chosen: Software) -> Declaration:
    """The role with one of the two servers."""
    # Where the other one holds a port, obstacles say more.
    programs = (chosen.server, other(chosen).server)
    return Declaration(
        title="Redis",
        group="redis",
        model=Redis,
        packages=(chosen.server,),
        listeners=(Listener("redis_port", programs), Listener("redis_tls_port", programs)),
        credentials=credentials,
        rules=(Rule(source="backups", destination="redis", ports=("backup_state_port", "backup_restore_port")),),
        secrets={"REDIS_PASSWORD": 20},
        kernel_settings="redis_kernel_settings",
        after=("sentinels",),
        traces=tuple(one.drop_in for one in SOFTWARE.values()),
        units=(chosen.unit,),
        # Its log is of several files, which the manifest names; while that stays the same, only the last of them grows.
        state=(State(chosen.data, steady="appendonlydir/appendonly.aof.manifest"),),
        looked_into=tuple(one.data for one in SOFTWARE.values()),
        of_site=lambda shared: of(software.of(shared)),
        obstacles=obstacles,
    )


DECLARATION = of(REDIS)
