"""Whether the servers can be upgraded to another major version, what that takes, and what is left of one that began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.postgres import upgrade_obstacles as obstacles
from deploys.controller.postgres.topology import Topology
from deploys.controller.postgres.upgrade_obstacles import ROOM
from deploys.controller.words import size
from deploys.facts.postgres.state import DATA, ServerState
from deploys.facts.postgres.upgrade import ASIDE, UpgradeState

SECONDS, RELATIONS = 20, 100
"""Writes wait this long, and a second more for so many tables and indexes: their size does not count."""


class UpgradeError(PyinfraError):
    """The servers cannot be upgraded as they are; its text lists all that is in the way."""

    def __init__(self, *problems: str) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"Postgres is not upgraded, and no host was changed:\n{listed}")


@dataclass(frozen=True)
class Upgrade:
    """An upgrade of all servers."""

    topology: Topology
    """The part of each host, afterwards; its servers are read as if they had the new version's data alone."""
    old: int | None
    """The version of the data before; None where all is done."""
    replicas: tuple[str, ...]
    """Hosts that have the old data, and follow the primary."""
    begins: bool
    """Whether the old primary still takes writes."""
    found: tuple[str, ...]
    """What was found, what is done, and what that takes, a sentence each."""

    @property
    def new(self) -> int:
        """The version afterwards."""
        return self.topology.version


def decide(
    servers: Mapping[str, ServerState],
    met: Mapping[str, UpgradeState],
    releases: Mapping[str, str],
    backed_up: bool,
    force: bool,
    synchronous: int,
) -> Upgrade:
    """
    The upgrade of all servers to the newest version that is installed on all of them.

    Args:
        servers: what was read of each Postgres host
        met: what an upgrade meets on each of them
        releases: the Debian release of each of them, and of the backup host
        backed_up: whether the site has a host for backups
        force: whether it goes on without a backup
        synchronous: replicas that must have a write before it is acknowledged

    Raises:
        UpgradeError: listing all that is in the way.
    """
    if len(set(releases.values())) > 1:
        listed = ", ".join(f"{name} has Debian {release}" for name, release in releases.items())
        raise UpgradeError(f"All Postgres hosts and their backup host need the same Debian release first: {listed}.")
    newest = {name: max(server.installed, default=0) for name, server in servers.items()}
    new = max(newest.values())
    lacking = [name for name, version in newest.items() if version < new]
    if lacking:
        raise UpgradeError(f"postgresql-{new} is not installed on {' and '.join(lacking)}: apt-get install it there.")
    primaries = {
        name: version
        for name, server in servers.items()
        for version, cluster in server.clusters.items()
        if cluster.primary and not met[name].left
    }
    if len(primaries) > 1:
        raise UpgradeError(f"{' and '.join(primaries)} both run as the primary.")
    for primary, version in primaries.items():
        return (
            _whole(servers, met, primary, version, new, backed_up or force, synchronous)
            if version < new
            else _rest(servers, met, primary, new)
        )
    begun = {name: state.begun for name, state in met.items() if state.begun}
    if len(begun) != 1:
        raise UpgradeError("No server runs as the primary: start it first. An upgrade begins from a site that is well.")
    ((primary, (old, to)),) = begun.items()
    replicas = tuple(name for name, server in servers.items() if name != primary and old in server.clusters)
    return Upgrade(
        _topology(servers, primary, to),
        old,
        replicas,
        begins=False,
        found=(f"An upgrade of {primary} from Postgres {old} to {to} was begun, and goes on where it ended.",),
    )


def _whole(
    servers: Mapping[str, ServerState],
    met: Mapping[str, UpgradeState],
    primary: str,
    old: int,
    new: int,
    safe: bool,
    synchronous: int,
) -> Upgrade:
    """The primary runs with the old version: all is still to be done."""
    problems = list(obstacles.of(servers, met, primary, old, new))
    if not safe:
        problems.append(
            "The site has no host for backups, so nothing is left if this goes wrong but the replicas' old data: have "
            "one, or go on all the same with --data force=true."
        )
    if problems:
        raise UpgradeError(*problems)
    answer = servers[primary].clusters[old].answer
    assert answer is not None
    replicas = tuple(sorted(answer.followers.keys() & servers.keys()))
    before = met[primary]
    waits = SECONDS + before.relations // RELATIONS
    altered = ", ".join(answer.altered)
    return Upgrade(
        _topology(servers, primary, new),
        old,
        replicas,
        begins=True,
        found=(
            f"{primary} is the primary of Postgres {old} ({size(before.size)}, {before.relations} tables and "
            f"indexes); {' and '.join(replicas) or 'no host'} streams from it.",
            f"pg_upgrade looks for what would stop it, and a backup is made; nothing is stopped until both are well. "
            f"Then {primary} is stopped in order, upgraded to Postgres {new} by links to its files, and started: "
            f"writes wait for about {waits} s. It needs {size(ROOM)} there ({size(before.free)} are free).",
            *(
                f"{name}'s old data is put aside in {DATA}/{old}/{ASIDE}{new}, and {primary} is copied to it: until "
                f"that is done it does not follow. It needs {size(before.size)} there ({size(met[name].free)} are "
                "free)."
                for name in replicas
            ),
            *(
                [
                    f"{before.reordered} indexes are in the order of a collation that comes with a library: they are "
                    "built anew before any client comes, and writes wait for that, too."
                ]
                if before.reordered
                else []
            ),
            *(
                [
                    f"As {synchronous} of the replicas must have each write, writes then wait for their copies, too. "
                    "Not so with --data postgres_synchronous=0, until deploys/site.py is run again."
                ]
                if synchronous
                else []
            ),
            *([f"What was set with ALTER SYSTEM is not taken along: {altered}."] if altered else []),
            f"The way back: until {primary} is started with Postgres {new}, its old data. After that what is put "
            "aside on a replica, or the backup; both lack what is written from then on "
            "(docs/operations/another-debian.md).",
        ),
    )


def _rest(servers: Mapping[str, ServerState], met: Mapping[str, UpgradeState], primary: str, new: int) -> Upgrade:
    """The primary runs with the new version: what is left to do are the others, and the end."""
    outdated = {name: version for name, server in servers.items() for version in server.clusters if version != new}
    strange = [name for name, version in outdated.items() if not servers[name].clusters[version].replica]
    if strange:
        raise UpgradeError(
            *(
                f"{name} has data in {DATA}/{outdated[name]}/main that is no replica's: move it away."
                for name in strange
            )
        )
    begun = met[primary].begun
    old = next(iter(outdated.values()), begun[0] if begun else None)
    found = f"{primary} is the primary of Postgres {new}, and runs."
    if outdated:
        found += f" {' and '.join(outdated)} has the data of Postgres {old}: it is put aside, and {primary} is copied."
    return Upgrade(_topology(servers, primary, new), old, tuple(outdated), begins=False, found=(found,))


def _topology(servers: Mapping[str, ServerState], primary: str, new: int) -> Topology:
    """The part of each host with the new version; of its data it may have none yet."""
    upgraded = {
        name: replace(
            server,
            installed=frozenset({new}),
            clusters={version: cluster for version, cluster in server.clusters.items() if version == new},
        )
        for name, server in servers.items()
    }
    return Topology(
        primary=primary,
        replicas=tuple(name for name in servers if name != primary),
        left_alone=(),
        servers=upgraded,
        remarks=(),
    )
