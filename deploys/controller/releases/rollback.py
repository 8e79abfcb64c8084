"""A run that gives the gateways an older release; it goes on with those that answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pyinfra import logger

from deploys.controller import preflight
from deploys.controller.postgres import servers
from deploys.controller.releases import choice, schema, switch
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
    downgrades: bool = False
    """Whether the database is not one for the release before any more: no gateway gets that back."""


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
    beside = switch.read(run.site, run.machines)
    found = gateways(run, beside)
    releases = choice.wanted(found, run.options.release)
    for sentence in (
        *choice.sentences(found, releases),
        *schema.between(found, releases, revision(run), run.options.force),
    ):
        logger.warning(sentence)
    say_what_comes_next(found, releases)
    return Rollback(run, releases, beside.decided(releases))


def gateways(run: Run, beside: Found) -> Mapping[str, Gateway]:
    """
    What the gateways' hosts of a run have, by name.

    Args:
        run: the run
        beside: what they say of a second gateway
    """
    return {
        peer.name: Gateway(
            _serving(beside, peer),
            hosts.read(peer.target, ReleaseHistory, program=gateway.PROGRAM),
        )
        for peer in run.site.group("gateways")
        if peer.name in run.machines
    }


def revision(run: Run) -> str | None:
    """The migration that the gateways' database is at; None where it was never migrated."""
    site = run.site
    return hosts.read(site.host(run.topology.primary).target, Revision, database=site.shared.postgres_database)


def say_what_comes_next(found: Mapping[str, Gateway], releases: Mapping[str, str]) -> None:
    """Say what deploys/site.py would do next, where a gateway goes back."""
    if any(found[name].releases.current != release for name, release in releases.items()):
        logger.warning(
            "The next run of deploys/site.py brings this repository's release again: check out the older one before it."
        )


def _serving(beside: Found, host: SiteHost) -> ReleaseState:
    """The releases of a gateway's host, the current one that which gets the requests."""
    releases = beside.releases.get(host.name) or hosts.read(host.target, Releases, directory=gateway.DIRECTORY)
    return replace(releases, current=releases.of(beside.active.link))


_rollback = PerRun(_begun)
