"""A run that has former primaries come back: it goes on with the Postgres hosts that answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pyinfra import logger

from deploys.controller.postgres import keeper, rejoin, servers, topology
from deploys.controller.postgres.rejoin import Former, Primary, Way
from deploys.controller.run import Opened, Run, opened
from deploys.engine import hosts
from deploys.engine.per_run import PerRun
from deploys.facts.postgres.data_directory import DataDirectory, Directory
from deploys.facts.postgres.state import written
from deploys.facts.postgres.unshared import Unshared


@dataclass(frozen=True)
class Rejoin:
    """Former primaries that come back, and the run in which they do."""

    meanwhile: Run
    """The run in which the hosts that come back have no part yet."""
    run: Run
    """The run in which they are replicas."""
    ways: Mapping[str, Way]
    """How each of those hosts becomes a replica."""


def begin() -> Rejoin:
    """
    The hosts that the command line has come back; what was found and is done is said.

    Raises:
        RejoinError: where one cannot come back, with what to do.
        TopologyError: where it cannot be told who is the primary.
        PyinfraError: where another run is at work.
    """
    return _rejoin()


def _begun() -> Rejoin:
    begun = opened(reach=False)
    keeper.refused(
        begun.site,
        "It has a former primary come back itself. One that does not is copied anew, as root on a Postgres host: "
        f"{keeper.PATRONICTL} reinit.",
    )
    answers, silent = servers.answered(begun.readings)
    as_it_is = topology.decide(answers, begun.site.shared.postgres_first_primary, silent)
    names = rejoin.wanted(as_it_is, silent, begun.options.former)
    ways: dict[str, Way] = {}
    now = answers[as_it_is.primary].cluster
    assert now is not None
    primary = Primary(as_it_is.primary, now, _directory(begun, as_it_is.primary, now.version))
    for name in names:
        cluster = answers[name].cluster
        directory = _directory(begun, name, now.version)
        if cluster is None:
            if directory.rewound:
                ways[name] = Way.PLACED
                logger.warning(f"{name}: {Way.PLACED.value}.")
            continue
        history = {timeline: written(left) for timeline, left in (now.answer.history if now.answer else {}).items()}
        unshared = hosts.read(begun.site.host(name).target, Unshared, version=now.version, history=history)
        ways[name], sentences = rejoin.way(Former(name, cluster, directory, unshared), primary, begun.options.anew)
        for sentence in sentences:
            logger.warning(sentence)
    for name, reason in silent.items():
        logger.warning(f"{name} was not reached ({reason}) and has no part in this run.")
    if not ways:
        logger.warning(f"No former primary was found that is to come back; {as_it_is.primary} is the primary.")
    run = begun.run(rejoin.meanwhile(as_it_is, tuple(ways)))
    return Rejoin(run, replace(run, topology=rejoin.afterwards(as_it_is, tuple(ways))), ways)


def _directory(begun: Opened, name: str, version: int) -> Directory:
    return hosts.read(begun.site.host(name).target, DataDirectory, version=version)


_rejoin = PerRun(_begun)
