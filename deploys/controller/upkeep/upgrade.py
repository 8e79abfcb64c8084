"""A run that installs security updates and boots the hosts that wait for it, while the site works."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import patroni, preflight, virtual_address
from deploys.controller.postgres import failover, keeper, servers
from deploys.controller.postgres.change import Change
from deploys.controller.postgres.topology import Topology
from deploys.controller.run import Opened, Run, opened
from deploys.controller.status import report, upkeep
from deploys.controller.status.survey import survey
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
    """The primary, where it has a turn, and those that follow it."""
    change: Change | None
    """How the primary hands over before its turn."""
    packages: Mapping[str, Sequence[str]]
    """By host, the updates that it waits for."""


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
    parts = servers.decided(begun.site, begun.readings)
    keeper.check(begun.site, begun.machines, parts.servers)
    states = _well(begun)
    names = [name for name, state in states.items() if begun.options.reboot or _waits(state)]
    owner = next((n for n, found in begun.machines.items() if virtual_address.owns(begun.site, found.addresses)), None)
    change = _handover(begun, parts) if parts.primary in names else None
    if parts.primary in names and patroni.keeps(begun.site) and parts.replicas:
        names.remove(parts.primary)
        logger.warning(
            f"{parts.primary} has no turn: it is the primary, and Patroni keeps it. As root on it, {keeper.PATRONICTL} "
            "switchover; then run this again."
        )
    turns = order(begun.site, parts.primary, owner, names)
    place = turns.index(parts.primary) if parts.primary in turns else len(turns)
    for number, name in enumerate(turns, 1):
        logger.warning(f"{number}. {name}: {_said(states[name], begun.options.reboot)}")
        for sentence in absences(begun.site, name):
            logger.warning(sentence)
    if not turns:
        logger.warning("No host waits for an update or a boot.")
    if change:
        logger.warning(f"Before its turn {parts.primary} hands over to {change.failover.target}.")
    packages = {name: upkeep.updates(state) for name, state in states.items()}
    return Upgrade(begun.run(parts), turns[:place], turns[place:], change, packages)


_upgrade = PerRun(_begun)


def _well(begun: Opened) -> Mapping[str, UpkeepState]:
    """What every host's upkeep is, where all else is well: a host that boots must not be the last that worked."""
    found = survey(begun.site, report.SECTIONS)
    judged = {section.name: section.judged(found) for section in report.SECTIONS if section is not upkeep.SECTION}
    wrong = [one for part in report.all_findings(found, judged).values() for one in part if one.wrong]
    if wrong and not begun.options.force:
        listed = "\n".join(f"  - {one.host or 'the site'}: {one.what} {one.do}" for one in wrong)
        raise PyinfraError(
            f"The site is not well, and a host that boots may be the last that works; no host was touched:\n{listed}\n"
            "Mend that first, or go on nevertheless: --data force=true"
        )
    return {name: state for name, (state,) in found.readings[upkeep.SECTION.name].items()}


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


def _handover(begun: Opened, parts: Topology) -> Change | None:
    """The planned failover to a replica that streams; None where there is nobody to hand over to."""
    if not parts.replicas or patroni.keeps(begun.site):
        return None
    answers, silent = servers.answered(begun.readings)
    found = failover.decide(answers, silent, parts.replicas[0], False, time.time())
    return Change(begun.run(found.topology), found)
