"""A run that takes back what a migration did, and gives the gateways a release from before it; it needs all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyinfra import logger

from deploys.controller import backups, preflight
from deploys.controller.postgres import servers
from deploys.controller.releases import choice, rollback, schema, switch
from deploys.controller.releases.choice import RollbackError
from deploys.controller.releases.rollback import Rollback
from deploys.controller.releases.schema import Leaving
from deploys.controller.run import Opened, opened
from deploys.engine import hosts
from deploys.engine.per_run import PerRun
from deploys.facts import gateway
from deploys.facts.migrations import Migration, Migrations


@dataclass(frozen=True)
class Downgrade:
    """A downgrade, and the rollback that it ends with."""

    rollback: Rollback
    leaving: Leaving | None
    """The migrations that go; None where they have gone, or none has to."""
    holder: str | None
    """The host that makes the restore point; None where there is no such host."""
    point: str
    """The name of the restore point."""


def begin() -> Downgrade:
    """
    The downgrade that the command line asks for; what was found and will be done is said.

    Raises:
        RollbackError: where there is nothing to go back to, what a migration did cannot be taken back, a gateway
            does not answer, or there would be no way forward again.
        PyinfraError: where another run is at work, or a host is not ready.
    """
    return _downgrade()


def _begun() -> Downgrade:
    begun = opened()
    preflight.check(begun.site, begun.machines)
    if away := [host.name for host in begun.site.group("gateways") if host.name not in begun.machines]:
        raise RollbackError(
            f"{', '.join(away)} {'is' if len(away) == 1 else 'are'} left out or not reached, and would go on with a "
            "release that the database is not for any more: all gateways stop while a migration is taken back. Have "
            "them answer, or take them out of the inventory."
        )
    run = begun.run(servers.decided(begun.site, begun.readings))
    beside = switch.read(run.site, run.machines)
    found = rollback.gateways(run, beside)
    releases = choice.wanted(found, run.options.release)
    revision = rollback.revision(run)
    leaving = schema.leaving(found, releases, revision)
    holder, point = None, ""
    said = choice.sentences(found, releases)
    if leaving:
        target = run.site.host(leaving.host).target
        known = hosts.read(target, Migrations, directory=gateway.DIRECTORY, release=leaving.release)
        holder = _holder(begun, leaving)
        point = f"before_downgrade_to_{leaving.to}_{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        said += [*taken_back(leaving, known), *_meanwhile(holder, point)]
    else:
        said += [*schema.between(found, releases, revision), "No migration has to go: only the gateways do."]
    for sentence in said:
        logger.warning(sentence)
    rollback.say_what_comes_next(found, releases)
    return Downgrade(Rollback(run, releases, beside.decided(releases), downgrades=True), leaving, holder, point)


_downgrade = PerRun(_begun)


def taken_back(leaving: Leaving, known: Mapping[str, Migration]) -> Iterator[str]:
    """
    What is said of the migrations that go.

    Args:
        leaving: those
        known: the migrations of the release whose code takes them back

    Raises:
        RollbackError: where one of them cannot be taken back.
    """
    if final := [one for one in leaving.revisions if one not in known or not known[one].downgrades]:
        raise RollbackError(
            f"{leaving.release} does not say how migration {', '.join(final)} is taken back (it has no downgrade()). "
            "Go forward with a release that mends what is wrong, or back in time with the whole database: "
            "docs/operations/somebody-dropped-a-table.md."
        )
    for one in reversed(leaving.revisions):
        yield f"Migration {one} is taken back, and what only it has place for will be gone: {known[one].title}"


def _meanwhile(holder: str | None, point: str) -> Iterator[str]:
    yield (
        "All gateways stop meanwhile, and the load balancers answer 502. Where a migration is not taken back the "
        "database stays as it is, and they come back with the release that they have."
    )
    if holder:
        yield (
            f"Once they have stopped {holder} makes the restore point {point}: with --data to_point={point}, "
            "deploys/restore.py makes a copy of what was there then."
        )


def _holder(begun: Opened, leaving: Leaving) -> str | None:
    found = backups.holders(begun.site)
    there = [host.name for host in found if host.name in begun.machines]
    if there:
        return there[0]
    if begun.options.force:
        return None
    why = f"{found[0].name} is not reached" if found else "The inventory's group backups has no host"
    raise RollbackError(
        f"{why}: nothing could bring back what goes with migration {', '.join(leaving.revisions)}. Make a copy of the "
        "database yourself, with pg_dump, and say that you need no restore point: --data force=true."
    )
