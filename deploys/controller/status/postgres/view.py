"""The servers of a site as status sees them: what each says, and how far it is behind its primary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploys.controller.status.postgres.replication import Behind, behind
from deploys.facts.postgres.state import Cluster, ServerState
from deploys.facts.postgres.status import Numbers


@dataclass(frozen=True)
class View:
    """The server of a host."""

    host: str
    cluster: Cluster | None
    numbers: Numbers | None
    """None where it does not run, or does not answer."""
    behind: Behind | None = None
    """Of a replica whose primary is known."""
    left_alone: bool = False
    """Whether it was a primary, and another server is it now."""

    @property
    def role(self) -> str:
        """As it says itself or, where it does not run, as its data says."""
        if self.cluster is None or self.cluster.contents is not None:
            return "none"
        if self.left_alone:
            return "former primary"
        if self.cluster.answer:
            return "replica" if self.cluster.answer.recovery else "primary"
        return "replica" if self.cluster.replica else "primary"

    @property
    def state(self) -> str:
        """What it does."""
        if self.cluster is None:
            return "no data"
        if self.cluster.contents is not None:
            return "incomplete"
        if not self.cluster.running:
            return "stopped"
        if self.cluster.answer is None:
            return "silent"
        if not self.cluster.answer.recovery:
            return "takes writes"
        return str(self.cluster.answer.receiver.get("status") or "not connected")

    @property
    def well(self) -> bool:
        """Whether that is what a server of its part does."""
        return self.state in ("takes writes", "streaming")


def views(readings: Mapping[str, tuple[ServerState, Numbers | None]]) -> Sequence[View]:
    """
    The servers of the hosts that were read.

    Args:
        readings: what was read of each host
    """
    clusters = {name: server.cluster for name, (server, _) in readings.items()}
    primaries = [name for name, cluster in clusters.items() if cluster and cluster.primary]
    primary = readings[primaries[0]][1] if len(primaries) == 1 else None
    found = []
    for name, (_, numbers) in readings.items():
        cluster = clusters[name]
        follows = cluster is not None and cluster.answer is not None and cluster.answer.recovery
        stopped = cluster is not None and cluster.contents is None and not cluster.running
        found.append(
            View(
                name,
                cluster,
                numbers,
                behind(name, numbers, primary) if follows and numbers and primary else None,
                left_alone=bool(primaries) and stopped and cluster is not None and not cluster.replica,
            )
        )
    return found
