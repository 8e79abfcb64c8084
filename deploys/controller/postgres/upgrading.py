"""A run that upgrades Postgres to another major version: it needs all Postgres hosts, and the one with the backups."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra import logger

from deploys.controller import backups, preflight
from deploys.controller.postgres import keeper, servers, upgrade
from deploys.controller.postgres.upgrade import Upgrade, UpgradeError
from deploys.controller.run import Run, opened
from deploys.engine import hosts
from deploys.engine.per_run import PerRun
from deploys.facts.postgres.upgrade import Upgrade as UpgradeFact


@dataclass(frozen=True)
class Change:
    """An upgrade, and the run that makes it."""

    run: Run
    upgrade: Upgrade


def begin() -> Change:
    """
    The upgrade that the servers need; what was found and is done is said.

    Raises:
        UpgradeError: where something is in the way.
        PyinfraError: where another run is at work, or with a table of what would stop a deploy.
    """
    return _change()


def _begun() -> Change:
    begun = opened()
    keeper.refused(
        begun.site,
        "To upgrade them, move them to Debian's units first, by deploys/postgres_failover.py with "
        'postgres_failover = "manual".',
    )
    preflight.check(begun.site, begun.machines)
    answers, silent = servers.answered(begun.readings)
    holders = backups.holders(begun.site)
    needed = [host.name for host in (*begun.site.group("postgres"), *holders)]
    away = dict.fromkeys((name for name in needed if name not in begun.machines), "left out") | dict(silent)
    if away:
        raise UpgradeError(*(f"{name} is needed, and was not reached: {reason}" for name, reason in away.items()))
    new = max((version for server in answers.values() for version in server.installed), default=0)
    found = upgrade.decide(
        answers,
        {name: hosts.read(begun.site.host(name).target, UpgradeFact, version=new) for name in answers},
        {name: begun.machines[name].values.get("version", "") for name in needed},
        backed_up=bool(holders),
        force=begun.options.force,
        synchronous=max(int(str(host.value("postgres_synchronous"))) for host in begun.site.group("postgres")),
    )
    for sentence in found.found:
        logger.warning(sentence)
    return Change(begun.run(found.topology), found)


_change = PerRun(_begun)
