"""What the database's migrations mean for gateways that go back: which stay, and which must go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deploys.controller.releases.choice import Gateway, RollbackError


@dataclass(frozen=True)
class Leaving:
    """
    Migrations that must go before an older release can run.

    Attributes:
        revisions: those, the first one first
        to: the one that the database is at afterwards
        host: where they are taken back
        release: whose code does it: the older one does not know them
    """

    revisions: tuple[str, ...]
    to: str
    host: str
    release: str


def between(
    gateways: Mapping[str, Gateway], releases: Mapping[str, str], revision: str | None, force: bool = False
) -> list[str]:
    """
    What is to be said of migrations that the older release does not know, where they can stay.

    Args:
        gateways: as they were found
        releases: what each host is to have
        revision: of the database; None: it was never migrated
        force: whether a release goes of which nobody knows what it needs

    Raises:
        RollbackError: where one that it needs is missing, one takes away what it uses, or nobody knows
            what one does.
    """
    said: list[str] = []
    for name, release in releases.items():
        if revision is None or (force and release not in gateways[name].releases.records):
            continue
        found = later(name, gateways[name], release, revision)
        if contracting := [one for one, contracts in found.items() if contracts]:
            raise RollbackError(
                f"{release} cannot run on {name}: migration {', '.join(contracting)} took away what it uses. "
                "Bring out a release that mends what is wrong, or have deploys/downgrade.py take it back, with "
                "what it holds: docs/operations/releases.md."
            )
        sentence = f"Migrations {', '.join(found)} stay: they only add to what {release} uses."
        said += [sentence] if found and sentence not in said else []
    return said


def later(name: str, gateway: Gateway, release: str, revision: str) -> Mapping[str, bool]:
    """
    The migrations of the database that a release does not know, the first one first, and whether each contracts.

    Args:
        name: of the gateway's host
        gateway: as it was found
        release: the older one
        revision: of the database

    Raises:
        RollbackError: where it needs one that is missing, or nobody knows what one does.
    """
    older = gateway.releases.records.get(release)
    if older is None:
        raise RollbackError(
            f"{name} does not know of {release} which migrations it needs: it was installed before that was kept. "
            "Where you know that it runs with the database as it is: deploys/rollback.py --data force=true."
        )
    if missing := _after(revision, older.migrations):
        raise RollbackError(
            f"{release} needs migration {', '.join(missing)}, which the database has not had: check out its "
            "commit, and run deploys/site.py."
        )
    if revision in older.migrations:
        return {}
    known = [one.migrations for one in gateway.releases.records.values() if revision in one.migrations]
    if not known:
        raise RollbackError(
            f"The database is at migration {revision}, and no release on {name} knows what that one does."
        )
    left_out = {*older.migrations, *_after(revision, known[0])}
    return {one: contracts for one, contracts in known[0].items() if one not in left_out}


def leaving(gateways: Mapping[str, Gateway], releases: Mapping[str, str], revision: str | None) -> Leaving | None:
    """
    The migrations that must go: the first that takes away what the older release uses, and all after it.

    Args:
        gateways: as they were found
        releases: what each host is to have
        revision: of the database; None: it was never migrated

    Returns:
        those; None where the older release runs with the database as it is

    Raises:
        RollbackError: where it needs one that is missing, or nobody knows what one does.
    """
    if revision is None:
        return None
    for name, release in releases.items():
        gateway = gateways[name]
        found = list(later(name, gateway, release, revision).items())
        first = next((place for place, (_, contracts) in enumerate(found) if contracts), None)
        if first is None:
            continue
        records = gateway.releases.records
        knowing = [one for one, record in records.items() if revision in record.migrations]
        whole = gateway.releases.complete
        serving = [one for one in whole if one == gateway.releases.current]
        code = next((one for one in (*serving, *reversed(whole)) if one in knowing), None)
        if code is None:
            raise RollbackError(f"{name} keeps no whole release that could take migration {revision} back.")
        going = tuple(one for one, _ in found[first:])
        # Those that the older release does not know and that only add may stay, with what they hold.
        known = ["base", *records[code].migrations]
        return Leaving(going, known[known.index(going[0]) - 1], name, code)
    return None


def _after(revision: str, migrations: Mapping[str, bool]) -> list[str]:
    """The migrations of a release that come after one of them; none where it does not know that one."""
    known = list(migrations)
    return known[known.index(revision) + 1 :] if revision in known else []
