"""A run that takes a host out for maintenance: what it finds, and what it says before it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import backups, patroni, preflight
from deploys.controller.maintenance import hosts, obstacles, postgres, silence
from deploys.controller.postgres import keeper, servers
from deploys.controller.postgres.change import Change
from deploys.controller.redis import servers as redis_servers
from deploys.controller.releases import slots, switch
from deploys.controller.releases.slots import Slot
from deploys.controller.run import Opened, Run, opened
from deploys.controller.status import report
from deploys.controller.status.survey import survey
from deploys.controller.status.wrong import waited
from deploys.controller.upkeep import wellness
from deploys.engine.hosts import read
from deploys.engine.per_run import PerRun
from deploys.facts.balancer import CONFIGURATION
from deploys.facts.file_set import Contents
from deploys.facts.maintenance import DIRECTORY, MOMENT, Note
from deploys.facts.redis_member import Member, MemberState
from deploys.operations.postgres import shell
from deploys.settings import declarations
from deploys.settings.host import SiteHost
from deploys.settings.of_run import operator
from deploys.settings.site import Site

STOPPED = (
    "virtual_address", "acme", "load_balancer", "gateway", "services", "pool", "patroni", "redis", "sentinel", "backup",
)  # fmt: skip
"""Roles whose units stop, in this order; what measures the host, and logs it, goes on."""
POOL = "pgbouncer.service"
SETTLES = 20
"""Seconds that the site has to be well."""
HOURS = 4.0
"""For which nobody is told of its absence, where nothing else was said."""


@dataclass(frozen=True)
class Leaving:
    """A host that goes out."""

    run: Run
    name: str
    change: Change | None
    """How it hands over before, where it is the primary."""
    slot: Slot
    """The gateway of each host that gets the requests."""

    @property
    def of_postgres(self) -> bool:
        """Whether the other Postgres servers are told that no write waits for it; Patroni finds that out by itself."""
        site = self.run.site
        return "postgres" in site.host(self.name).groups and not patroni.keeps(site)


def units(run: Run) -> Sequence[str]:
    """The units of the host of this moment that stop while it is out, in their order."""
    site, host = run.site, run.host
    roles = declarations.within(site, host)
    found = []
    for name in STOPPED:
        if role := roles.get(name):
            found += [*role.units, *(role.on_host(site, host).units if role.on_host else ())]
    if "gateways" in host.groups:
        found += [unit for slot in slots.known(site.shared) for unit in (slot.socket, slot.unit)]
    if "backups" in host.groups:
        found += [f"{timer}.timer" for timer in (*backups.TIMERS, backups.SECOND)]
    if "postgres" in host.groups:
        found += [POOL] if site.shared.postgres_pool_port else []
        found += [] if patroni.keeps(site) else [shell.unit(run.topology.version)]
    return tuple(dict.fromkeys(found))


def begin() -> Leaving:
    """
    The host that the command line takes out; what is done, and what it costs, is said.

    Raises:
        PyinfraError: where what remains would not work, or another run is at work.
    """
    return _leaving()


def _begun() -> Leaving:
    begun, host = opened(), hosts.subject()
    preflight.check(begun.site, begun.machines)
    known = hosts.known()
    parts = servers.decided(begun.site, begun.readings)
    keeper.check(begun.site, begun.machines, parts.servers)
    # One that is out already, or was stopped by such a run before another was promoted, goes on.
    if host.name not in known and not postgres.handing_over(parts, host):
        _checked(begun, host, known)
    note = _note(host, known, begun)
    change = None
    if parts.primary == host.name and parts.replicas:
        if patroni.keeps(begun.site):
            logger.warning(f"Before that Patroni has another server take over from {host.name}.")
        else:
            change = postgres.handover(begun, parts, host)
    if host.name in begun.machines and _leads(begun.site, host):
        logger.warning(f"Before that {host.name} hands over Redis to a replica.")
    if host.name not in begun.machines:
        logger.warning(f"{host.name} is not reached: nothing is stopped on it, and the others do without it.")
    for name in _unreached(begun, host, known):
        logger.warning(f"{name} is not reached: it hears from the next run that reaches it that {host.name} is out.")
    for sentence in (*obstacles.missed(begun.site, host), *obstacles.waits(begun.site, host)):
        logger.warning(sentence)
    if sentence := postgres.kept(parts, host):
        logger.warning(sentence)
    logger.warning(
        f"{note.sentence(host.name)} Until {note.until} nobody is told of that as an alert. "
        f"To put it back: {hosts.command(host.name, back=True)}"
    )
    silence.begins(begun, host, note)
    run = change.run if change else begun.run(parts)
    slot = switch.read(begun.site, begun.machines).active
    return Leaving(replace(run, out={**known, host.name: note}), host.name, change, slot)


_leaving = PerRun(_begun)


def _checked(begun: Opened, host: SiteHost, known: Mapping[str, Note]) -> None:
    site = begun.site
    refused = [*obstacles.already(site, host, known), *_unknowing(begun, host)]
    silent = dict.fromkeys(_unreached(begun, host, known), "is it switched on?")

    def unwell() -> list[str]:
        found = survey(site, report.SECTIONS)
        return list(obstacles.unwell(site, host, wellness.wrong(found), {**found.silent, **silent}))

    missed = [*obstacles.missed(site, host), *obstacles.untold(site, host, silent)]
    # What another run has just changed settles.
    doubts = [*missed, *waited(unwell, 0 if refused or missed or begun.options.force else SETTLES)]
    if refused or (doubts and not begun.options.force):
        listed = "\n".join(f"  - {sentence}" for sentence in (*refused, *doubts))
        force = "" if refused else "\nWhere that is as it may be: --data force=true"
        raise PyinfraError(f"{host.name} cannot go out for maintenance now; no host was touched:\n{listed}{force}")


def _leads(site: Site, host: SiteHost) -> bool:
    """Whether other Redis servers follow that of the host."""
    if "sentinels" not in host.groups:
        return False
    found: MemberState = read(host.target, Member, **redis_servers.asked(site))
    return found.master and found.replicas > 0


def _unreached(begun: Opened, host: SiteHost, known: Mapping[str, Note]) -> list[str]:
    """The other hosts that do not answer, of those that are not out."""
    names = [one.name for one in begun.site.hosts if one != host]
    return [name for name in names if name not in begun.machines and name not in known]


def _unknowing(begun: Opened, host: SiteHost) -> Iterator[str]:
    """Load balancers that would go on to send to a gateway: they have the configuration of an earlier release."""
    if "gateways" not in host.groups or len(begun.site.group("gateways")) < 2:
        return
    for peer in begun.site.group("load_balancers"):
        if peer != host and peer.name in begun.machines:
            text = read(peer.target, Contents, paths=(CONFIGURATION,)).get(CONFIGURATION, "")
            if text and f"(-f {DIRECTORY}/{host.name})" not in text:
                yield f"{peer.name} does not know yet how to leave out {host.name}: deploys/site.py brings that."


def _note(host: SiteHost, known: Mapping[str, Note], begun: Opened) -> Note:
    """What is written down; a host that is out already keeps since when, and by whom."""
    options, now = begun.options, datetime.now(UTC)
    hours = HOURS if options.hours is None else options.hours
    until = f"{now + timedelta(hours=hours):{MOMENT}}"
    why = "planned work" if options.why is None else str(options.why)
    former = known.get(host.name)
    if former is None:
        return Note(f"{now:{MOMENT}}", operator(), why, until)
    return replace(
        former,
        why=former.why if options.why is None else why,
        until=former.until if options.hours is None and former.end else until,
    )
