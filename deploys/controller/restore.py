"""A run that restores: it goes on with the Postgres and backup hosts that answer, whatever state they are in."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from pyinfra import logger

from deploys.controller import backups
from deploys.controller.postgres import keeper, servers
from deploys.controller.postgres import restore as rules
from deploys.controller.postgres.restore import RestoreError
from deploys.controller.postgres.topology import Topology
from deploys.controller.run import Opened, Run, opened
from deploys.engine import hosts
from deploys.engine.per_run import PerRun
from deploys.facts.postgres.rows import Rows
from deploys.facts.restore import REPLACED, Plan, Restored, beside
from deploys.settings.host import SiteHost
from deploys.settings.of_run import OfRun


@dataclass(frozen=True)
class Restore:
    """A restore, and the run that makes it."""

    run: Run
    holder: SiteHost
    """The backup host."""
    target: str
    """The host beside whose cluster the restored one is."""
    goal: str
    """What is gone back to, as JSON."""
    makes: bool
    switches: bool
    aside: str
    """Name of the directory that what was there before is moved to."""


def begin() -> Restore:
    """
    The restore that the command line asks for; what was found and is done is said.

    Raises:
        RestoreError: where it cannot be done.
        PyinfraError: where another run is at work.
    """
    return _restore()


def goal(options: OfRun) -> str:
    """What is gone back to, as the backup host's programs take it."""
    moment = options.backup_date or options.to_time
    found = {
        "time": moment.isoformat() if moment else "",
        "point": options.to_point or "",
        "timeline": options.to_timeline or 0,
    }
    return json.dumps(found, sort_keys=True)


def holder(begun: Opened) -> SiteHost:
    """
    The backup host of a run, which was reached.

    Raises:
        RestoreError: where there is none.
    """
    found = backups.holders(begun.site)
    if not found:
        raise RestoreError("The inventory's group backups has no host: there is nothing to restore from.")
    if found[0].name not in begun.machines:
        raise RestoreError(f"{found[0].name} was not reached, and it has the backups.")
    return found[0]


def _begun() -> Restore:
    begun = opened(reach=False)
    options = begun.options
    answers, silent = servers.answered(begun.readings)
    backup_host = holder(begun)
    there = {name: hosts.read(begun.site.host(name).target, Restored) for name in answers}
    name = rules.target(answers, there, options.to)
    version = answers[name].version
    wanted, aside = goal(options), f"{REPLACED}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    topology = Topology(name, (), (), answers, ())
    makes = switches = False
    about = there[name].about
    if options.switch:
        keeper.refused(
            begun.site,
            "To switch to what is restored, move the servers to Debian's units first, by deploys/postgres_failover.py "
            'with postgres_failover = "manual".',
        )
        decided = rules.switch(answers, silent, there, name, aside)
        topology, switches, sentences = decided.topology, True, decided.found
    elif there[name].is_of(wanted):
        sentences = (
            f"{name} has a restored cluster, {rules.reached(there[name])}. To switch to it: --data switch=true. "
            f"To make it anew, remove {beside(version)} there first.",
        )
    else:
        plan = hosts.read(backup_host.target, Plan, goal=wanted, user=backups.USER)
        makes = True
        sentences = tuple(rules.planned(plan, there[name], version, name, backup_host.name, rules.running(answers)))
        sentences += ("Then: the same command with --data switch=true alone says what a switch would mean.",)
    for sentence in sentences:
        logger.warning(sentence)
    if about and not makes:
        primary = rules.running(answers)
        now = hosts.read(begun.site.host(primary).target, Rows) if primary else {}
        logger.warning("\n    ".join(("Rows of each table:", *rules.compared(about["rows"], now))))
        if about.get("answer"):
            logger.warning(f"backup_proof_query says of the restored cluster: {about['answer']}")
    return Restore(begun.run(topology), backup_host, name, wanted, makes, switches, aside)


_restore = PerRun(_begun)
