"""A run: what it knows before it changes anything. Every entry point that changes a site begins with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from pyinfra import logger

from deploys.controller import authority as authorities
from deploys.controller import data, lock, preflight, silences
from deploys.controller.authority import Authority
from deploys.controller.maintenance import hosts as maintenance
from deploys.controller.offline import places
from deploys.controller.postgres import keeper, leaving, servers
from deploys.controller.postgres.topology import Topology
from deploys.controller.redis import servers as redis_servers
from deploys.controller.redis.topology import Topology as RedisTopology
from deploys.controller.releases import encryption, switch
from deploys.controller.releases.slots import Slots
from deploys.controller.wheels import Bundle, Bundles
from deploys.engine import command_line, hosts, timings
from deploys.engine.per_run import PerRun
from deploys.facts.machine import MachineState
from deploys.facts.maintenance import Note
from deploys.facts.run_lock import LockState, Request, RunLock
from deploys.settings.debian import RELEASES
from deploys.settings.host import SiteHost
from deploys.settings.of_run import OfRun
from deploys.settings.site import Site


@dataclass(frozen=True)
class Run:
    """What a run knows of its site."""

    site: Site
    options: OfRun
    """What the command line gave for this run alone."""
    machines: Mapping[str, MachineState]
    """The hosts of the run as they were found, by name."""
    topology: Topology
    """The part of each Postgres host."""
    authority: Authority
    bundles: Bundles
    """The gateway's releases, built for the hosts' own Python."""
    lock: Request | None
    """The name by which the hosts know this run; None where it only plans."""
    out: Mapping[str, Note] = field(default_factory=dict)
    """The hosts that are out for maintenance, by name; they have no part in it."""

    @property
    def host(self) -> SiteHost:
        """The host that the deploy is loaded for at this moment."""
        return self.site.host(hosts.current())

    @property
    def machine(self) -> MachineState:
        """That host, as it was found."""
        return self.machines[self.host.name]

    @property
    def revoked(self) -> Mapping[str, float]:
        """
        Whose certificates count for nothing that were made before a time, in seconds since 1970.

        This machine knows it, and the host that is the online authority: either may be a new one.
        """
        found = dict(self.authority.revoked)
        for machine in self.machines.values():
            found |= {name: max(at, found.get(name, at)) for name, at in machine.revoked.items()}
        return found

    def bundle(self, name: str) -> Bundle:
        """The gateway's wheels for a host of the run: its Debian decides which Python they are for."""
        values = self.machines[name].values
        return self.bundles.of(RELEASES[values["version"]].python, values["architecture"])

    @cached_property
    def slots(self) -> Slots:
        """Which gateways get requests, and which will, where this repository's release is brought out."""
        found = switch.read(self.site, self.machines)
        return found.decided({name: self.bundle(name).release for name in found.releases})

    @cached_property
    def encryption(self) -> encryption.Change:
        """Which load balancers, as the run begins, ask gateways with encryption and are not to, or without it."""
        return encryption.change(self.site, self.machines)

    @cached_property
    def redis(self) -> RedisTopology:
        """The part of each Redis host, of a site with Sentinels."""
        return redis_servers.decided(self.site)

    @property
    def packages(self) -> str | None:
        """Where on this machine that host's Debian packages are; None where it has them from a mirror."""
        return places.packages_of(self.host, self.machine.values["version"])

    def with_topology_read_anew(self) -> Run:
        """This run, with the part of each Postgres host as the servers say it now."""
        return replace(self, topology=servers.decided(self.site, servers.queried(self.site, None, self.machines)))


def begin() -> Run:
    """
    The run: its data checked, its hosts locked, read and found ready.

    It is the same for every host of the run. Each entry point begins with it:

        from deploys.controller.run import begin
        run = begin()

    Raises:
        DataError: listing everything that is wrong with the data.
        PyinfraError: where another run is at work, or with a table of what would stop a deploy.
        TopologyError: where it cannot be told who is primary.
    """
    return _run()


@dataclass(frozen=True)
class Opened:
    """A run that has its hosts' locks and knows what they say, and has decided nothing yet."""

    site: Site
    options: OfRun
    machines: Mapping[str, MachineState]
    readings: servers.Queried
    lock: Request | None

    def run(self, topology: Topology) -> Run:
        """The run in which each Postgres host gets this part."""
        authority, out = authorities.of(self.site, kept=self.lock is not None), maintenance.away()
        return Run(self.site, self.options, self.machines, topology, authority, Bundles(), self.lock, out)


def opened(reach: bool = True) -> Opened:
    """
    Lock and read the hosts of a run, whatever state they are in.

    Args:
        reach: whether it is found out if they reach each other; that takes as long as those that are off

    Raises:
        DataError: listing everything that is wrong with the data.
        PyinfraError: where another run is at work.
    """
    found, options = data.site(), data.options()
    if found.shared.timings:
        timings.install()
    if found.shared.batch:
        hosts.at_most(found.shared.batch)
    request = None if command_line.plans() else lock.request(options.break_lock)
    active = [found.host(target).name for target in hosts.active()]
    readings = servers.queried(found, request, active)  # while preflight looks at the hosts
    machines = preflight.survey(found, request, reach)
    _lock(found, request, machines, servers.locks(readings, active))
    silences.kept(found, request)
    return Opened(found, options, machines, readings, request)


def _begun() -> Run:
    begun = opened()
    preflight.check(begun.site, begun.machines)
    leaving.check(begun.site, begun.machines)
    parts = servers.decided(begun.site, begun.readings)
    keeper.check(begun.site, begun.machines, parts.servers)
    return begun.run(parts)


def _lock(
    found: Site, request: Request | None, machines: Mapping[str, MachineState], others: Mapping[str, LockState]
) -> None:
    """Have the lock of every host; a plan says who is at work."""
    # Without sudo no lock can be had: preflight says that better.
    states = {name: machine.lock for name, machine in machines.items() if machine.values.get("sudo") == "yes"}
    states |= others
    if request is None:
        busy = {name: one for name, one in states.items() if one.holder}
        if busy:
            logger.warning(f"What this plan shows may be changing.\n{lock.sentence(busy)}")
        return
    # Every run reads all Postgres hosts, whatever its limit: two runs always meet there.
    places = {host.name: ("postgres" not in host.groups, place) for place, host in enumerate(found.hosts)}
    order = sorted(states, key=places.__getitem__)
    lock.taken(states, order, lambda name: hosts.read(found.host(name).target, RunLock, request=request, _sudo=False))


_run = PerRun(_begun)
