"""How a former primary becomes a replica, and what that costs: what the servers say, and their disks, decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.postgres.topology import Topology
from deploys.controller.words import size
from deploys.facts.postgres.data_directory import Directory
from deploys.facts.postgres.state import CLUSTER, DATA, Cluster, written
from deploys.facts.postgres.unshared import Written


class RejoinError(PyinfraError):
    """A former primary cannot come back as it was asked for; its text says why, and what to do."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} No host was changed.")


class Way(Enum):
    """How a former primary becomes a replica."""

    AS_IT_IS = "it ended in order before the primary of now began, and follows as it is"
    REWOUND = "its copy is rewound, and takes its place"
    PLACED = "a killed run has rewound its copy, which takes its place"
    COPIED = "its data is put aside, and the primary's is copied"


@dataclass(frozen=True)
class Former:
    """A former primary, as it was found."""

    name: str
    cluster: Cluster
    directory: Directory
    unshared: Written


@dataclass(frozen=True)
class Primary:
    """The primary of now."""

    name: str
    cluster: Cluster
    directory: Directory


def wanted(as_it_is: Topology, silent: Mapping[str, str], named: str | None) -> tuple[str, ...]:
    """
    The hosts that are to come back, of those with a part as they are.

    Args:
        as_it_is: the part of each host that was reached
        silent: the others, and why they were not reached
        named: the host that somebody named; None: every former primary

    Raises:
        RejoinError: where no primary runs, or the named host cannot be one that comes back.
    """
    clusters = {name: server.cluster for name, server in as_it_is.servers.items()}
    primary = clusters[as_it_is.primary]
    if primary is None or not primary.primary:
        raise RejoinError(
            "No server runs as the primary, and a replica needs one. deploys/site.py starts one that is stopped; "
            "deploys/failover.py promotes another."
        )
    if named and named in silent:
        raise RejoinError(f"{named} was not reached: {silent[named]}")
    if named and named not in clusters:
        raise RejoinError(f"{named} is no Postgres host.")
    if named == as_it_is.primary:
        raise RejoinError(f"{named} is the primary (timeline {primary.known_timeline}), and runs.")
    return tuple(
        name
        for name, cluster in clusters.items()
        if name != as_it_is.primary and named in (None, name) and (cluster is None or name in as_it_is.left_alone)
    )


def way(former: Former, primary: Primary, anew: bool) -> tuple[Way, tuple[str, ...]]:
    """
    How a former primary becomes a replica, and what was found, is done and may cost, a sentence each.

    Args:
        former: the former primary
        primary: the primary of now
        anew: whether it is copied although it could be rewound

    Raises:
        RejoinError: where it cannot come back, with what to do.
    """
    name, now = former.name, primary.name
    mine = max(former.unshared.timeline, former.cluster.timeline or 0)
    theirs = primary.cluster.known_timeline or 0
    if mine > theirs:
        raise RejoinError(
            f"The data of {name} is of timeline {mine}, and {now} is the primary on timeline {theirs}: {name} was "
            "promoted after it. Find out which of them the platform wrote to last."
        )
    if former.cluster.follows_on(primary.cluster):
        said = f"{name} was stopped in order, before {now} went on alone: it has nothing that {now} has not."
        return Way.AS_IT_IS, (said, f"{name} follows {now} as it is.")
    if former.directory.elsewhere:
        raise RejoinError(
            f"{name}: {', '.join(former.directory.elsewhere)} is a link or a mount point, and a copy of the data would "
            "not be complete. Keep what only it has by hand, and have it copied anew as "
            "docs/operations/a-former-primary-comes-back.md says."
        )
    found = _found(former, primary, mine, theirs)
    obstacle = "that was asked for" if anew else _not_rewound(former, primary)
    if obstacle is None:
        needs = max(former.directory.size, primary.directory.size) + primary.directory.wal
        _room(former, needs, f"a copy of its {size(former.directory.size)} and what {now} has beside that")
        done = (
            f"{name}'s data is copied, and the copy is rewound to where {now} went on and takes its place. The data as "
            f"it is now stays in {_place(former)}.before-TIME. "
        )
        return Way.REWOUND, (found, done + _costs(former, needs))
    needs = primary.directory.size + primary.directory.wal
    _room(former, needs, f"a copy of what {now} has")
    done = (
        f"{name}'s data is not rewound: {obstacle}. It stays as it is in {_place(former)}.before-TIME, and {now}'s is "
        "copied over the network. "
    )
    return Way.COPIED, (found, done + _costs(former, needs))


def meanwhile(as_it_is: Topology, names: tuple[str, ...]) -> Topology:
    """
    The part of each host until these have come back: none.

    Args:
        as_it_is: the part of each host before
        names: the hosts that come back
    """
    return replace(
        as_it_is,
        replicas=tuple(name for name in as_it_is.replicas if name not in names),
        left_alone=tuple(dict.fromkeys((*as_it_is.left_alone, *names))),
    )


def afterwards(as_it_is: Topology, names: tuple[str, ...]) -> Topology:
    """
    The part of each host once these have come back: replicas, whose data says nothing yet.

    Args:
        as_it_is: the part of each host before
        names: the hosts that come back
    """
    servers = {
        name: replace(server, clusters={}) if name in names else server for name, server in as_it_is.servers.items()
    }
    return replace(
        as_it_is,
        replicas=tuple(name for name in servers if name in as_it_is.replicas or name in names),
        left_alone=tuple(name for name in as_it_is.left_alone if name not in names),
        servers=servers,
    )


def _found(former: Former, primary: Primary, mine: int, theirs: int) -> str:
    """What was found, and what leaves the cluster."""
    name, now, only = former.name, primary.name, former.unshared
    begun = f"{name} was the primary on timeline {mine}; {now} is it on timeline {theirs}"
    if only.left is None:
        return f"{begun}, which does not descend from it: what only {name} has cannot be told."
    if not only.end and not only.removed:
        return f"{begun}, from {written(only.left)} on. {name} has no WAL after that."
    much = f"{begun}, from {written(only.left)} on. Only {name} has {_amount(only.end - only.left)} after that"
    count = str(only.commits)
    if only.removed:
        much += ", whose beginning it has removed"
        count = f"at least {only.commits}"
    if not only.commits and not only.removed:
        return f"{much}, without a committed transaction."
    when = f", committed from {only.first} to {only.last}" if only.commits else ""
    return f"{much}, with {count} transactions{when}: they leave the cluster, and are kept aside."


def _not_rewound(former: Former, primary: Primary) -> str | None:
    """Why pg_rewind cannot work; None where it can."""
    only = former.unshared
    if only.left is None:
        return f"{primary.name}'s timeline does not descend from its own"
    if only.redo is None:
        return f"its WAL from the last checkpoint before {written(only.left)} on was removed"
    if only.redo < primary.directory.oldest:
        return f"{primary.name} has removed its WAL from {written(only.redo)} on, which it would replay"
    return None


def _room(former: Former, needs: int, reason: str) -> None:
    """Go on only where there is room."""
    directory = former.directory
    free = directory.free + directory.unfinished
    if needs <= free:
        return
    kept = ", ".join(f"{path} ({size(taken)})" for path, taken in directory.kept.items())
    raise RejoinError(
        f"{former.name} has {size(free)} free below {DATA}, and {size(needs)} are needed: {reason}. Make room there"
        + (f"; what was kept earlier is {kept}" if kept else "")
        + f". Or keep {_place(former)} on another disk by hand and remove it here; deploys/site.py then copies the "
        "primary's."
    )


def _costs(former: Former, needs: int) -> str:
    free = former.directory.free + former.directory.unfinished
    return f"That takes up to {size(needs)} there, of {size(free)} that are free. The site goes on meanwhile."


def _amount(wal: int) -> str:
    return f"{size(wal)} of WAL" if wal > 0 else "WAL"


def _place(former: Former) -> str:
    return f"{DATA}/{former.cluster.version}/{CLUSTER}"
