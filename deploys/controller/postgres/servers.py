"""What the Postgres servers of a site say, read from all of them at once, and the part that each gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import gevent
from gevent import Greenlet
from pyinfra import logger
from pyinfra.api.exceptions import ConnectError

from deploys.controller.postgres import topology
from deploys.controller.postgres.topology import Topology
from deploys.engine import hosts
from deploys.engine.combined import Combined, Wanted
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import ServerState
from deploys.facts.run_lock import LockState, Request, RunLock
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

Queried = Mapping[str, Greenlet]
"""The readings of all servers, by host; they are not waited for."""


def queried(site: Site, request: Request | None, active: Iterable[str]) -> Queried:
    """
    Ask the servers of all Postgres hosts at once, also of those that a limit leaves out.

    Args:
        site: the site
        request: the run that asks for the locks of the hosts that it leaves out
        active: the names of the hosts that the run does not leave out
    """
    known = set(active)
    return {
        host.name: gevent.spawn(_read, host, None if host.name in known else request) for host in site.group("postgres")
    }


def locks(readings: Queried, active: Iterable[str]) -> Mapping[str, LockState]:
    """Whether the hosts that a limit leaves out gave the run their lock; those that were not reached are not in it."""
    known = set(active)
    found = {name: reading.get()[1] for name, reading in readings.items() if name not in known}
    return {name: state for name, state in found.items() if state is not None}


def answered(readings: Queried) -> tuple[Mapping[str, ServerState], Mapping[str, str]]:
    """What each server said, and of the hosts that were not reached why not."""
    gevent.joinall(list(readings.values()), raise_error=True)
    found = {name: reading.value[0] for name, reading in readings.items()}
    return (
        {name: server for name, server in found.items() if isinstance(server, ServerState)},
        {name: reason for name, reason in found.items() if isinstance(reason, str)},
    )


def decided(site: Site, readings: Queried) -> Topology:
    """
    The part of each Postgres host, by what all their servers answered.

    Raises:
        TopologyError: where it cannot be told who is primary, before any host is changed.
    """
    found, silent = answered(readings)
    parts = topology.decide(found, first=site.shared.postgres_first_primary, silent=silent)
    for remark in parts.remarks:
        logger.warning(remark)
    return parts


def _read(host: SiteHost, request: Request | None) -> tuple[ServerState | str, LockState | None]:
    """What a host's server says, or why it was not reached; and whether the run has its lock."""
    try:
        if request is None:
            return hosts.read(host.target, Server), None
        wanted = [Wanted(Server, {}), Wanted(RunLock, {"request": request})]
        server, lock = hosts.read(host.target, Combined, wanted=wanted)
    except ConnectError as error:
        return str(error), None
    return server, lock
