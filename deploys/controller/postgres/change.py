"""A run that changes the primary: it goes on with the Postgres hosts that answer, whatever state they are in."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pyinfra import logger

from deploys.controller.postgres import failover, keeper, servers
from deploys.controller.postgres.failover import Failover
from deploys.controller.run import Run, opened
from deploys.engine.per_run import PerRun


@dataclass(frozen=True)
class Change:
    """A change of the primary, and the run that makes it."""

    run: Run
    failover: Failover


def begin() -> Change:
    """
    The change of the primary that the command line asks for; what was found and is done is said.

    Raises:
        FailoverError: where it would lose something, or cannot be done.
        PyinfraError: where another run is at work.
    """
    return _change()


def _begun() -> Change:
    begun = opened(reach=False)
    keeper.refused(
        begun.site,
        "It promotes a replica itself when the primary is gone. To hand over while that runs, as root on a Postgres "
        f"host: {keeper.PATRONICTL} switchover.",
    )
    # Asked once more, now that the locks are taken: what another run left at work on a host has ended by now.
    answers, silent = servers.answered(servers.queried(begun.site, None, begun.machines))
    found = failover.decide(answers, silent, begun.options.to, begun.options.force, time.time())
    for sentence in found.found:
        logger.warning(sentence)
    return Change(begun.run(found.topology), found)


_change = PerRun(_begun)
