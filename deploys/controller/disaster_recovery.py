"""A run that brings up a whole site of which only the backups, the secrets and the authority are left."""

from __future__ import annotations

import time
from collections.abc import Callable

from pyinfra import logger

from deploys.controller import backups, run
from deploys.controller.postgres import keeper
from deploys.controller.postgres.restore import RestoreError
from deploys.controller.restore import Restore, goal
from deploys.engine import hosts
from deploys.engine.per_run import PerRun
from deploys.facts.postgres.server import Server
from deploys.facts.restore import Plan


def begin() -> Restore:
    """
    The recovery: the hosts are checked as for a deploy of the site, and none may have data of another site.

    Raises:
        RestoreError: where data would be lost, or there is nothing to restore from.
        PyinfraError: with a table of what would stop a deploy.
    """
    return _recovery()


def result(recovery: Restore) -> Callable[[], str]:
    """
    What is said at the end: how long it took, and up to where it went.

    Args:
        recovery: the run
    """
    began = time.monotonic()

    def said() -> str:
        cluster = hosts.read(recovery.run.site.host(recovery.target).target, Server).cluster
        timeline = cluster.known_timeline if cluster else None
        return f"The site is up after {time.monotonic() - began:.0f} s; {recovery.target} is on timeline {timeline}."

    return said


def _begun() -> Restore:
    begun = run.begin()
    keeper.refused(
        begun.site,
        "A site is recovered without it: give --data postgres_failover=manual, and move the servers afterwards, by "
        "deploys/postgres_failover.py.",
    )
    holders = backups.holders(begun.site)
    if not holders:
        raise RestoreError("The inventory's group backups has no host: there is nothing to recover from.")
    wanted, topology = goal(begun.options), begun.topology
    there = {name: server.cluster for name, server in topology.servers.items() if server.cluster}
    if there:
        plan = hosts.read(holders[0].target, Plan, goal=wanted, user=backups.USER)
        strangers = [name for name, cluster in there.items() if cluster.identifier != plan.system]
        if strangers:
            raise RestoreError(
                f"{' and '.join(strangers)} has data, and {holders[0].name} has no backup of it "
                f"({plan.problem or 'another system'}). A site is recovered on hosts without data only: nothing is "
                "ever overwritten."
            )
        logger.warning(
            f"{' and '.join(there)} has data of this site already: nothing is restored there, and what is not finished "
            "is finished. To go back to another time: deploys/restore.py."
        )
    else:
        until = begun.options.backup_date or "all that is archived"
        logger.warning(
            f"No Postgres host has data. {holders[0].name} gets its repository back; the cluster of {topology.primary} "
            f"and the state of services are restored from it, up to {until}."
        )
    return Restore(begun, holders[0], topology.primary, wanted, makes=not there, switches=False, aside="")


_recovery = PerRun(_begun)
