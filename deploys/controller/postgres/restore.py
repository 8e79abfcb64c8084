"""What a restore does and costs: what the hosts say decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.postgres.topology import Topology
from deploys.controller.words import second, size
from deploys.facts.postgres.rows import Counts
from deploys.facts.postgres.state import DATA, ServerState
from deploys.facts.restore import PlanState, RestoredState, beside
from deploys.settings.units import SIZES

SPARE = 512 * SIZES["MB"]
"""Bytes for WAL, beside a cluster itself."""


class RestoreError(PyinfraError):
    """It cannot be restored as it was asked for; its text says why, and what to do."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} No host was changed.")


@dataclass(frozen=True)
class Switch:
    """A switch to a restored cluster."""

    topology: Topology
    """The part of each host, afterwards."""
    waits: bool
    """Whether a restored cluster is there to be switched to."""
    found: tuple[str, ...]
    """What was found, what is done, and what that may cost, a sentence each."""


def running(servers: Mapping[str, ServerState]) -> str | None:
    """
    The host whose server takes writes.

    Args:
        servers: what was read of each host that was reached

    Raises:
        RestoreError: where there are two.
    """
    found = [name for name, server in servers.items() if server.cluster and server.cluster.primary]
    if len(found) > 1:
        raise RestoreError(f"{' and '.join(found)} both run as the primary: stop one of them first.")
    return found[0] if found else None


def target(servers: Mapping[str, ServerState], restored: Mapping[str, RestoredState], wanted: str | None) -> str:
    """
    The host beside whose cluster the restored one is, or is to be.

    Args:
        servers: what was read of each host that was reached
        restored: the restored cluster of each
        wanted: the host that the command line names

    Raises:
        RestoreError: where it cannot be told.
    """
    if wanted:
        if wanted not in servers:
            raise RestoreError(f"{wanted} is no Postgres host that was reached.")
        return wanted
    there = [name for name, one in restored.items() if one.about]
    primary = running(servers)
    stopped = [name for name, server in servers.items() if server.cluster and not server.cluster.replica]
    for chosen in (there, [primary] if primary else [], stopped):
        if len(chosen) == 1:
            return chosen[0]
    raise RestoreError("It cannot be told which host is to have the restored cluster: name it with --data to=NAME.")


def planned(
    plan: PlanState, there: RestoredState, version: int, name: str, holder: str, primary: str | None
) -> list[str]:
    """
    What making a restored cluster does, a sentence each.

    Args:
        plan: what the backup host says
        there: what is beside the cluster of the host that it is for
        version: of Postgres
        name: that host
        holder: the backup host
        primary: the host that takes writes

    Raises:
        RestoreError: where it cannot be made.
    """
    if plan.problem:
        raise RestoreError(f"{holder}: {plan.problem}")
    needed = plan.size + SPARE
    if there.free < needed and not there.about:
        raise RestoreError(
            f"{name} has {size(there.free)} free for {beside(version)}, and the restored cluster needs {size(needed)}."
        )
    return [
        f"{holder} has backup {plan.label} ({second(plan.stopped)}, {size(plan.size)}), and all WAL up to "
        f"{second(plan.until)}, on timeline {plan.timeline}.",
        f"It is restored, recovered and proved there, and sent to {name}:{beside(version)}. "
        f"{primary or 'No server'} takes writes meanwhile and afterwards: nothing is switched.",
    ]


def switch(
    servers: Mapping[str, ServerState],
    silent: Mapping[str, str],
    restored: Mapping[str, RestoredState],
    name: str,
    aside: str,
) -> Switch:
    """
    The switch to the restored cluster of a host.

    Args:
        servers: what was read of each host that was reached
        silent: the others, and why they were not reached
        restored: the restored cluster of each that was reached
        name: the host
        aside: name of the directory that the present data is moved to

    Raises:
        RestoreError: where it would be refused by other hosts, or there is nothing to switch to.
    """
    primary, there, version = running(servers), restored[name], servers[name].version
    topology = Topology(name, tuple(one for one in servers if one != name), (), servers, ())
    if not there.about:
        own = servers[name].cluster
        if primary != name and (own is None or own.replica):
            raise RestoreError(
                "No host has a restored cluster: make one first (docs/operations/somebody-dropped-a-table.md)."
            )
        return Switch(
            topology, False, (f"{name} has no restored cluster beside its own: there is nothing to switch to.",)
        )
    needed = int(there.about["size"]) + SPARE
    for one in (one for one in servers if one != name and one in restored):
        if restored[one].free < needed:
            raise RestoreError(
                f"{one} has {size(restored[one].free)} free in {DATA}, and a copy of the restored cluster beside "
                f"its present data needs {size(needed)}."
            )
    timeline, system = int(there.about["timeline"]), str(there.about["system"])
    clusters = {one: server.cluster for one, server in servers.items() if server.cluster}
    strangers = [one for one, cluster in clusters.items() if cluster.identifier not in (None, system)]
    if strangers:
        raise RestoreError(f"The restored cluster is of another system than the data of {' and '.join(strangers)}.")
    newest = max([cluster.known_timeline or 0 for cluster in clusters.values()] + [there.known.get(system, 0)])
    if timeline <= newest:
        raise RestoreError(
            f"The restored cluster is on timeline {timeline}, and the site is on timeline {newest}: a server was "
            f"promoted since it was made. Remove {name}:{beside(version)} and restore again."
        )
    away = [f"{one} was not reached ({reason}): its data must be moved away before it is a replica again."
            for one, reason in silent.items()]  # fmt: skip
    now = f"{primary} is the primary on timeline {newest}" if primary else "No server runs as the primary"
    return Switch(
        topology,
        True,
        (
            f"{now}; {name} has a restored cluster on timeline {timeline}, {reached(there)}.",
            f"What was written after that is not in it. {primary or name} is stopped; its data stays in "
            f"{beside(version).rpartition('/')[0]}/{aside}, and so does that of the others, which become copies of the "
            "restored cluster. Nobody can write until it has started, and each replica needs room for a second copy.",
            *away,
        ),
    )


def reached(there: RestoredState) -> str:
    """What a restored cluster goes back to, in words."""
    about = there.about
    committed = about.get("committed")
    until = f"whose last transaction was committed at {committed}" if committed else "without a transaction after it"
    return f"made of backup {about['label']}, {until}"


def compared(restored: Mapping[str, Mapping[str, int]], now: Counts) -> list[str]:
    """
    The rows of each table, then and now; those that differ first.

    Args:
        restored: of the restored cluster, by database and table
        now: of the running one
    """
    lines = []
    for database in sorted(restored.keys() | now.keys()):
        then, present = restored.get(database, {}), now.get(database, {})
        for table in sorted(then.keys() | present.keys(), key=lambda one: (then.get(one) == present.get(one), one)):
            was, has = then.get(table), present.get(table)
            lines.append(f"{database}.{table}: {_rows(was)} restored, {_rows(has)} now{'' if was == has else '   <--'}")
    return lines


def _rows(number: int | None) -> str:
    return "no table" if number is None else f"{number} rows"
