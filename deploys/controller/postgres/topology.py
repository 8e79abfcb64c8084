"""Which Postgres host is the primary: what the servers say decides, never the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api.exceptions import PyinfraError

from deploys.facts.postgres.state import DATA, Cluster, ServerState


@dataclass(frozen=True)
class Topology:
    """The part of each Postgres host."""

    primary: str
    replicas: tuple[str, ...]
    left_alone: tuple[str, ...]
    """Hosts whose stopped server was a primary: to start one would make a second."""
    servers: Mapping[str, ServerState]
    """What was read of each host."""
    remarks: tuple[str, ...]
    """What the administrator should know: what is not as the inventory has it, or needs a hand."""

    @property
    def version(self) -> int:
        """The version of Postgres, the same on all hosts."""
        return self.servers[self.primary].version


class TopologyError(PyinfraError):
    """It cannot be told who is primary, or something is in the way; its text lists all of it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The Postgres servers need a hand first, and no host was changed:\n{listed}")


def decide(servers: Mapping[str, ServerState], first: str, silent: Mapping[str, str]) -> Topology:
    """
    Give every Postgres host its part.

    Args:
        servers: what was read of each host
        first: the host that becomes primary where there is no data on any host
        silent: hosts that were not reached, and why

    Raises:
        TopologyError: listing everything that is in the way.
    """
    problems = _in_the_way(servers)
    clusters = {name: server.cluster for name, server in servers.items() if server.cluster}
    problems += _strangers(clusters)
    if problems:
        raise TopologyError(problems)
    running = [name for name, cluster in clusters.items() if cluster.primary]
    if len(running) > 1:
        raise TopologyError([_two_primaries({name: clusters[name] for name in running})])
    if running:
        primary = running[0]
    elif silent:
        raise TopologyError(
            [
                f"No server that was reached says that it is the primary, and {name} was not "
                f"reached: {reason}. Bring it back, or promote a replica."
                for name, reason in silent.items()
            ]
        )
    else:
        primary = _without_running_primary(clusters, first)
    versions = {name: server.version for name, server in servers.items()}
    if len(set(versions.values())) > 1:
        listed = ", ".join(f"{name} has {version}" for name, version in versions.items())
        raise TopologyError([f"All hosts need the same version of Postgres, but {listed}. Use one Debian release."])
    left_alone = tuple(
        name for name, cluster in clusters.items() if name != primary and not cluster.running and not cluster.replica
    )
    return Topology(
        primary=primary,
        replicas=tuple(name for name in servers if name != primary and name not in left_alone),
        left_alone=left_alone,
        servers=servers,
        remarks=_remarks(primary, first, left_alone, clusters, silent),
    )


def _in_the_way(servers: Mapping[str, ServerState]) -> list[str]:
    """Data of a host that no run may touch or build upon."""
    problems = []
    for name, server in servers.items():
        running = [version for version, cluster in server.clusters.items() if cluster.running]
        if len(server.clusters) > 1 and len(running) != 1:
            there = " and ".join(f"{DATA}/{version}/main" for version in sorted(server.clusters))
            problems.append(
                f"{name} has data in {there}, and not just one of them runs. Start the one that is "
                "the site's, or move the others away. Where deploys/upgrade_postgres.py was interrupted, "
                "run that again: it finishes."
            )
            continue
        cluster = server.cluster
        if cluster is None:
            continue
        if cluster.contents is not None:
            problems.append(
                f"{name}: {DATA}/{cluster.version}/main holds something that is no "
                f"complete Postgres cluster ({cluster.contents}). Nothing is ever overwritten: "
                "look at it, and move it away if it is not needed. Where deploys/upgrade_postgres.py was "
                "interrupted, it is not finished by this: run that again."
            )
        elif server.installed and cluster.version not in server.installed:
            problems.append(
                f"{name}: its data is of Postgres {cluster.version}, whose server is not "
                f"installed. Install postgresql-{cluster.version}, or upgrade the data "
                "with deploys/upgrade_postgres.py."
            )
        elif cluster.silence is not None and not cluster.replica:
            problems.append(
                f"{name}: its server runs, but does not say whether it is the primary: "
                f"{cluster.silence}. Look at /var/log/postgresql and run again when it answers."
            )
    return problems


def _strangers(clusters: Mapping[str, Cluster]) -> list[str]:
    """Clusters that do not descend from the same initdb."""
    identifiers = {name: cluster.identifier for name, cluster in clusters.items() if cluster.identifier}
    if len(set(identifiers.values())) < 2:
        return []
    listed = ", ".join(f"{name} has {identifier}" for name, identifier in identifiers.items())
    return [
        f"The hosts hold data of different systems (system identifiers: {listed}), so one cannot "
        f"be the replica of another. Move the data that is not the site's away from {DATA}, or "
        "take its host out of the inventory."
    ]


def _two_primaries(clusters: Mapping[str, Cluster]) -> str:
    listed = " and ".join(f"{name} (timeline {cluster.known_timeline})" for name, cluster in clusters.items())
    unit = f"postgresql@{next(iter(clusters.values())).version}-main"
    newest = max(clusters, key=lambda name: clusters[name].known_timeline or 0)
    return (
        f"There are two primaries, and both take writes: {listed}. Find out which one the platform "
        f"wrote to last (the higher timeline was promoted last: {newest}), save what only the "
        f"other has, stop that other one at once (systemctl disable --now {unit}) and run again."
    )


def _without_running_primary(clusters: Mapping[str, Cluster], first: str) -> str:
    """The primary where none runs: one that is stopped or, without any data, a new one."""
    if not clusters:
        return first
    stopped = [name for name, cluster in clusters.items() if not cluster.replica and not cluster.running]
    listed = ", ".join(
        f"{name} ({'replica' if cluster.replica else 'primary'}, {cluster.state}, timeline {cluster.known_timeline})"
        for name, cluster in clusters.items()
    )
    if not stopped:
        raise TopologyError(
            [
                f"No server is the primary; there is data on {listed}. Nothing new is made beside "
                f"it: bring the primary back, or have a replica promoted: deploys/failover.py says what that may cost."
            ]
        )
    if len(stopped) > 1:
        raise TopologyError(
            [
                f"No server runs as the primary, and more than one was it before: {listed}. Start "
                "the one that the platform wrote to last (the highest timeline), and run again."
            ]
        )
    name = stopped[0]
    newer = [
        peer
        for peer, cluster in clusters.items()
        if (cluster.known_timeline or 0) > (clusters[name].known_timeline or 0)
    ]
    if newer:
        raise TopologyError(
            [
                f"{name} was the primary and is stopped, but another server was promoted after it: "
                f"{listed}. Start the primary that {' and '.join(newer)} followed, or promote one."
            ]
        )
    return name


def _remarks(
    primary: str,
    first: str,
    left_alone: tuple[str, ...],
    clusters: Mapping[str, Cluster],
    silent: Mapping[str, str],
) -> tuple[str, ...]:
    remarks = []
    if primary != first:
        remarks.append(f"{primary} is the primary, as its server says; the inventory's first primary is {first}.")
    remarks += [
        f"{name} was a primary (timeline {clusters[name].known_timeline}) and is stopped, while "
        f"{primary} is the primary (timeline {clusters[primary].known_timeline}): it is left "
        "alone, and neither started nor changed. deploys/rejoin.py makes it a replica, and keeps what only it has."
        for name in left_alone
    ]
    remarks += [
        f"{name}: {', '.join(cluster.answer.altered)} was set with ALTER SYSTEM, which wins over "
        "group_data. ALTER SYSTEM RESET gives it back."
        for name, cluster in clusters.items()
        if cluster.answer and cluster.answer.altered
    ]
    remarks += [f"{name} was not reached ({reason}) and has no part in this run." for name, reason in silent.items()]
    return tuple(remarks)
