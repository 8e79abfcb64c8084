"""A run that gives the gateways an older release; it goes on with those that answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pyinfra import logger

from deploys.controller import preflight
from deploys.controller.postgres import servers
from deploys.controller.releases import choice, switch
from deploys.controller.releases.choice import Gateway
from deploys.controller.releases.slots import Found, Slots
from deploys.controller.run import Run, opened
from deploys.engine import hosts
from deploys.engine.per_run import PerRun
from deploys.facts import gateway
from deploys.facts.release import Releases, ReleaseState, Revision
from deploys.facts.release_history import ReleaseHistory
from deploys.settings.host import SiteHost


@dataclass(frozen=True)
class Rollback:
    """A rollback, and the run that makes it."""

    run: Run
    releases: Mapping[str, str]
    """What each gateway's host is to have, by its name."""
    slots: Slots
    """Which of its gateways has it."""


def begin() -> Rollback:
    """
    The rollback that the command line asks for; what was found and will be done is said.

    Raises:
        RollbackError: where there is nothing to go back to, or the older release could not run.
        PyinfraError: where another run is at work, or a host is not ready.
    """
    return _rollback()


def _begun() -> Rollback:
    begun = opened()
    preflight.check(begun.site, begun.machines)
    run = begun.run(servers.decided(begun.site, begun.readings))
    site = run.site
    beside = switch.read(site, run.machines)
    found = {
        peer.name: Gateway(
            _serving(beside, peer),
            hosts.read(peer.target, ReleaseHistory, program=gateway.PROGRAM),
        )
        for peer in site.group("gateways")
        if peer.name in run.machines
    }
    releases = choice.wanted(found, run.options.release)
    primary = site.host(run.topology.primary).target
    revision = hosts.read(primary, Revision, database=site.shared.postgres_database)
    for sentence in (*choice.sentences(found, releases), *choice.between(found, releases, revision, run.options.force)):
        logger.warning(sentence)
    if any(found[name].releases.current != release for name, release in releases.items()):
        logger.warning(
            "The next run of deploys/site.py brings this repository's release again: check out the older one before it."
        )
    return Rollback(run, releases, beside.decided(releases))


def _serving(beside: Found, host: SiteHost) -> ReleaseState:
    """The releases of a gateway's host, the current one that which gets the requests."""
    releases = beside.releases.get(host.name) or hosts.read(host.target, Releases, directory=gateway.DIRECTORY)
    return replace(releases, current=releases.of(beside.active.link))


_rollback = PerRun(_begun)
