"""How far replicas are behind their primary, in bytes and in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from deploys.facts.postgres.status import Numbers


@dataclass(frozen=True)
class Behind:
    """How far a replica is behind."""

    size: int
    """Bytes of WAL that the primary has written and the replica has not replayed."""
    seconds: float | None
    """What that is in time; None where nobody knows."""


def behind(replica: str, own: Numbers, primary: Numbers) -> Behind:
    """
    How far a replica is behind its primary.

    The age of the last transaction that it replayed says nothing as long as it follows: while nobody
    writes, it grows on a replica that has everything. The primary then knows better how long its WAL
    takes to be replayed there; it does not say so while there was nothing to replay.

    Args:
        replica: its host, by which it is known to its primary
        own: what it counts
        primary: what its primary counts, read at about the same moment
    """
    size = max(0, primary.position - own.position)
    sender = primary.senders.get(replica)
    if sender and sender.state == "streaming":
        return Behind(size, sender.lag or 0.0)
    return Behind(size, own.replayed_age if size else 0.0)
