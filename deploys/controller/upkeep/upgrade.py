"""A run that installs security updates and boots the hosts that wait for it, while the site works."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import patroni, preflight, virtual_address
from deploys.controller.maintenance import hosts as maintenance
from deploys.controller.postgres import failover, keeper, servers
from deploys.controller.postgres.change import Change
from deploys.controller.postgres.topology import Topology
from deploys.controller.redis import servers as redis_servers
from deploys.controller.releases import switch
from deploys.controller.releases.slots import Slot
from deploys.controller.run import Opened, Run, opened
from deploys.controller.status import report, upkeep
from deploys.controller.status.section import Finding
from deploys.controller.status.survey import survey
from deploys.controller.upkeep import wellness
from deploys.controller.upkeep.order import absences, order
from deploys.engine.per_run import PerRun
from deploys.facts.upkeep import UpkeepState


@dataclass(frozen=True)
class Upgrade:
    """The turns of a run."""

    run: Run
    before: tuple[str, ...]
    """Hosts that have their turn, in their order, until the primary has its own."""
    after: tuple[str, ...]
    """The primary, where it hands over: its turn is the last."""
    change: Change | None
    """How the primary hands over before its turn."""
    packages: Mapping[str, Sequence[str]]
    """By host, the updates that it waits for."""
    slot: Slot
    """The gateway of each host that gets the requests."""
    known: frozenset[Finding]
    """What was wrong already when the run began, and ends it not."""


def begin() -> Upgrade:
    """
    The upgrade that the command line asks for; what is done, and what it costs, is said.

    Raises:
        PyinfraError: where the site is not well, or another run is at work.
    """
    return _upgrade()


def _begun() -> Upgrade:
    begun = opened()
    preflight.check(begun.site, begun.machines)
    if away := maintenance.away():
        name, note = next(iter(away.items()))
        raise PyinfraError(
            f"{note.sentence(name)} An upgrade takes hosts away one after the other, and what remains must work: put "
            f"{name} back first: {maintenance.command(name, back=True)}. No host was touched."
        )
    if left_out := [host.name for host in begun.site.hosts if host.name not in begun.machines]:
        raise PyinfraError(
            f"An upgrade looks at the whole site before and after each turn, and {', '.join(left_out)} is left out. "
            "Hosts that wait for nothing have no turn: run it without --limit. No host was touched."
        )
    parts = servers.decided(begun.site, begun.readings)
    keeper.check(begun.site, begun.machines, parts.servers)
    found = survey(begun.site, report.SECTIONS)
    known = frozenset(wellness.wrong(found))
    if known and not begun.options.force:
        raise PyinfraError(_not_well(known))
    states = {name: state for name, (state,) in found.readings[upkeep.SECTION.name].items()}
    names = [name for name, state in states.items() if begun.options.reboot or _waits(state)]
    owner = next((n for n, found in begun.machines.items() if virtual_address.owns(begun.site, found.addresses)), None)
    change = handover(begun, parts) if parts.primary in names else None
    if parts.primary in names and patroni.keeps(begun.site) and parts.replicas:
        names.remove(parts.primary)
        logger.warning(
            f"{parts.primary} has no turn: it is the primary, and Patroni keeps it. As root on it, {keeper.PATRONICTL} "
            "switchover; then run this again."
        )
    redis = redis_servers.decided(begun.site).master if begun.site.group("sentinels") else None
    turns = order(begun.site, parts.primary, owner, names, redis)
    for number, name in enumerate(turns, 1):
        logger.warning(f"{number}. {name}: {_said(states[name], begun.options.reboot)}")
        for sentence in absences(begun.site, name):
            logger.warning(sentence)
    if not turns:
        logger.warning("No host waits for an update or a boot.")
    if change:
        logger.warning(f"Before its turn {parts.primary} hands over to {change.failover.target}.")
    if redis in names:
        logger.warning(f"Before its turn {redis} hands over Redis to a replica.")
    packages = {name: upkeep.updates(state) for name, state in states.items()}
    place = turns.index(parts.primary) if change else len(turns)
    slot = switch.read(begun.site, begun.machines).active
    return Upgrade(begun.run(parts), turns[:place], turns[place:], change, packages, slot, known)


_upgrade = PerRun(_begun)


def _not_well(found: Collection[Finding]) -> str:
    listed = "\n".join(f"  - {one.host or 'the site'}: {one.what} {one.do}" for one in found)
    return (
        f"The site is not well, and a host that boots may be the last that works; no host was touched:\n{listed}\n"
        "Mend that first (a handover that was interrupted: deploys/failover.py), or go on nevertheless: "
        "--data force=true"
    )


def _waits(state: UpkeepState) -> bool:
    return state.reboot_required or bool(upkeep.updates(state))


def _said(state: UpkeepState, reboot: bool) -> str:
    pending = upkeep.updates(state)
    booted = f" ({', '.join(state.reboot_for)})" if state.reboot_for else ""
    return " and ".join(
        [
            *([f"installs {', '.join(pending)}"] if pending else []),
            *([f"boots{booted}"] if reboot or state.reboot_required else ["boots where they ask for it"]),
        ]
    )


def handover(begun: Opened, parts: Topology) -> Change | None:
    """
    The planned failover to the replica that has the most; None where there is nobody to hand over to.

    Args:
        begun: the run
        parts: who is primary
    """
    if patroni.keeps(begun.site):
        return None
    # Asked once more, now that the locks are taken.
    answers, silent = servers.answered(servers.queried(begun.site, None, begun.machines))
    cluster = answers[parts.primary].cluster
    followers = cluster.answer.followers if cluster and cluster.answer else {}
    if not followers:
        return None
    found = failover.decide(answers, silent, max(followers, key=followers.__getitem__), False, time.time())
    return Change(begun.run(found.topology), found)
