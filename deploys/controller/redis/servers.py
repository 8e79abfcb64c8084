"""What the Redis servers of a site and their Sentinels say, read from all of them at once."""

from __future__ import annotations

from typing import TypedDict

import gevent
from pyinfra import logger
from pyinfra.api.exceptions import ConnectError

from deploys.controller.redis import software, topology
from deploys.controller.redis.topology import Topology
from deploys.engine import hosts
from deploys.facts.redis_member import Member, MemberState, Ports
from deploys.facts.redis_software import Software
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def decided(site: Site) -> Topology:
    """
    The part of each Redis host, by what all of them answer, also those that a limit leaves out.

    Args:
        site: one with Sentinels

    Raises:
        TopologyError: where it cannot be told who is the master, before any host is changed.
    """
    members = site.group("sentinels")
    jobs = {host.name: gevent.spawn(_read, site, host) for host in members}
    gevent.joinall(list(jobs.values()), raise_error=True)
    found = {name: job.value for name, job in jobs.items()}
    states = {name: state for name, state in found.items() if isinstance(state, MemberState)}
    topology.check_software(states, software.of(site.shared))
    topology.check_port(states, ports(site).followed)
    parts = topology.decide(
        {host.name: host.address for host in members},
        states,
        {name: reason for name, reason in found.items() if isinstance(reason, str)},
        software.of(site.shared),
    )
    for remark in parts.remarks:
        logger.warning(remark)
    return parts


def ports(site: Site) -> Ports:
    """Where servers and Sentinels of a site listen, that has them."""
    shared = site.shared
    return Ports(shared.redis_port, shared.redis_sentinel_port or 0, shared.redis_tls_port)


class Asked(TypedDict):
    """The arguments of ``Member``."""

    ports: Ports
    software: Software


def asked(site: Site) -> Asked:
    """How the servers and Sentinels of a site are asked, that has them."""
    return Asked(ports=ports(site), software=software.of(site.shared))


def _read(site: Site, host: SiteHost) -> MemberState | str:
    try:
        return hosts.read(host.target, Member, **asked(site))
    except ConnectError as error:
        return str(error)
