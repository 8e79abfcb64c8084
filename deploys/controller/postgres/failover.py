"""Which server becomes the primary, and what that costs: what the servers say decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.postgres.topology import Topology
from deploys.controller.words import second, size
from deploys.facts.postgres.state import Cluster, ServerState, written


class FailoverError(PyinfraError):
    """The primary cannot be changed as it was asked for; its text says why, and what to do."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} No host was changed.")


@dataclass(frozen=True)
class Failover:
    """A change of the primary."""

    topology: Topology
    """The part of each host, afterwards."""
    former: str | None
    """The primary that hands over; None where there is none any more, or the change is already made."""
    found: tuple[str, ...]
    """What was found, what is done, and what that may cost, a sentence each."""

    promotes: bool
    """Whether the target is still to be promoted."""

    @property
    def target(self) -> str:
        """The host that is the primary afterwards."""
        return self.topology.primary


def decide(
    servers: Mapping[str, ServerState], silent: Mapping[str, str], target: str | None, force: bool, now: float
) -> Failover:
    """
    The change of the primary that somebody asked for.

    Args:
        servers: what was read of each host that was reached
        silent: the others, and why they were not reached
        target: the host that is to be the primary; None where the most advanced replica is
        force: whether what only a vanished primary has may be lost
        now: seconds since 1970

    Raises:
        FailoverError: where it would lose something, or cannot be done.
    """
    clusters = {name: server.cluster for name, server in servers.items() if server.cluster}
    running = [name for name, cluster in clusters.items() if cluster.primary]
    if len(running) > 1:
        raise FailoverError(
            f"{' and '.join(running)} both run as the primary. Stop the one that the platform did not write to last."
        )
    for name, cluster in clusters.items():
        if cluster.running and not cluster.answer and not cluster.replica:
            raise FailoverError(
                f"The server of {name} runs and does not say whether it takes writes: {cluster.silence}. Beside it "
                f"nobody is promoted. Look at its log; where you give it up, stop it there (systemctl stop "
                f"postgresql@{cluster.version}-main) or power {name} off, and run again."
            )
    if target and target not in clusters:
        reason = f"was not reached: {silent[target]}" if target in silent else "is no Postgres host with data"
        raise FailoverError(f"{target} {reason}.")
    if running:
        return _from_a_running_one(servers, clusters, running[0], target)
    return _without_a_running_one(servers, clusters, silent, target, force, now)


def _from_a_running_one(
    servers: Mapping[str, ServerState], clusters: Mapping[str, Cluster], primary: str, target: str | None
) -> Failover:
    """The primary runs: it hands over to a replica that has all of its WAL, or all is done already."""
    answer = clusters[primary].answer
    assert answer is not None
    if target in (None, primary):
        said = f"{primary} is the primary (timeline {answer.timeline}), and runs."
        if target is None and len(clusters) > 1:
            said += " To hand over to a replica, name it: --data to=NAME."
        return Failover(_topology(servers, clusters, primary), None, (said,), promotes=False)
    assert target is not None
    if not clusters[target].replica or target not in answer.followers:
        listed = ", ".join(sorted(answer.followers)) or "no host"
        raise FailoverError(f"{target} does not stream from {primary} ({listed} does), and would lose what it missed.")
    behind = answer.position - answer.followers[target]
    return Failover(
        _topology(servers, clusters, target),
        primary,
        (
            f"{primary} is the primary (timeline {answer.timeline}); {target} streams from it, {behind} bytes behind.",
            f"{primary} is stopped in order, {target} receives the rest and is promoted, and {primary} follows it. "
            "Nothing that was acknowledged is lost; writes wait for a second or two.",
        ),
        promotes=True,
    )


def _without_a_running_one(
    servers: Mapping[str, ServerState],
    clusters: Mapping[str, Cluster],
    silent: Mapping[str, str],
    target: str | None,
    force: bool,
    now: float,
) -> Failover:
    """No primary was reached that runs: somebody else must take over, and may not have all it had."""
    replicas = {name: cluster for name, cluster in clusters.items() if cluster.replica and cluster.answer}
    newest = max((clusters[name].known_timeline or 0 for name in clusters), default=0)
    handed = _handed(clusters, newest)
    if target and target in handed:
        if silent:
            raise FailoverError(
                f"{target} was stopped in order, but {' and '.join(silent)} (not reached) may have been promoted "
                f"since. Where none was, start {target} on the host itself, where it asks the others first: systemctl "
                f"start postgresql@{clusters[target].version}-main."
            )
        return Failover(
            _topology(servers, clusters, target),
            None,
            (f"{target} was stopped in order, and starts again.",),
            promotes=False,
        )
    chosen = target or max(replicas, key=lambda name: _position(replicas[name]), default=None)
    if chosen not in replicas:
        if target:
            raise FailoverError(f"{target} does not run as a replica, and cannot be promoted.")
        raise FailoverError("No host that was reached runs as a replica: there is nobody to promote.")
    position = _position(replicas[chosen])
    if (replicas[chosen].known_timeline or 0) < newest:
        raise FailoverError(f"{chosen} is on an older timeline than another server that was reached.")
    if len(handed) == 1 and not silent and clusters[handed[0]].checkpoint < position:
        former = handed[0]
        said = f"{former} was the primary and was stopped in order; {chosen} has all of its WAL. Nothing is lost."
        return Failover(_topology(servers, clusters, chosen), former, (said, f"{chosen} is promoted."), promotes=True)
    better = [name for name in replicas if _position(replicas[name]) > position]
    if better:
        raise FailoverError(
            f"{better[0]} has {_position(replicas[better[0]]) - position} bytes more than {chosen}: promote that one."
        )
    lost = _what_may_be_lost(chosen, replicas[chosen], now)
    away = ", ".join(f"{name} ({reason})" for name, reason in silent.items())
    found = f"No server that was reached runs as the primary{f'; not reached: {away}' if away else ''}. {lost}"
    if not force:
        raise FailoverError(
            f"{found} Bring the primary back if you can: that loses nothing. "
            f"To promote {chosen} all the same: --data force=true."
        )
    return Failover(
        _topology(servers, clusters, chosen),
        None,
        (found, f"{chosen} is promoted, and tells every other host."),
        promotes=True,
    )


def _handed(clusters: Mapping[str, Cluster], newest: int) -> list[str]:
    """
    The primary that was stopped in order: what its replicas have received is all that there is.

    None where another server of its timeline, or of a newer one, was a primary and did not end in order.
    """
    stopped = {
        name: cluster
        for name, cluster in clusters.items()
        if not cluster.running and not cluster.replica and cluster.contents is None
    }
    last = [name for name, one in stopped.items() if not one.shut_down or (one.known_timeline or 0) >= newest]
    return last if all(clusters[name].shut_down for name in last) else []


def _what_may_be_lost(name: str, cluster: Cluster, now: float) -> str:
    """A sentence on what a vanished primary may have acknowledged and a replica never received."""
    assert cluster.answer is not None
    have = f"{name} has all WAL up to {written(cluster.answer.position)}"
    if cluster.answer.committed is None:
        return f"{have}, and no transaction since it was copied. What the primary acknowledged later is lost."
    seconds = max(0.0, now - cluster.answer.committed)
    since = second(cluster.answer.committed)
    lost = size(cluster.answer.pace * seconds)
    return (
        f"{have}, whose last transaction was committed {seconds:.1f} s ago ({since}). What the primary acknowledged "
        f"after that is lost: at most {seconds:.1f} s of writes, about {lost} of WAL at the pace since the last "
        "checkpoint; nothing where postgres_synchronous is more than the number of replicas that were not reached."
    )


def _position(cluster: Cluster) -> int:
    return cluster.answer.position if cluster.answer else 0


def _topology(servers: Mapping[str, ServerState], clusters: Mapping[str, Cluster], primary: str) -> Topology:
    """The part of each host that was reached, once this one is the primary."""
    left_alone = tuple(
        name
        for name, cluster in clusters.items()
        if name != primary
        and not cluster.running
        and not cluster.replica
        and not (cluster.follows_on(clusters[primary]) or (cluster.shut_down and not clusters[primary].primary))
    )
    return Topology(
        primary=primary,
        replicas=tuple(name for name in servers if name != primary and name not in left_alone),
        left_alone=left_alone,
        servers=servers,
        remarks=(),
    )
