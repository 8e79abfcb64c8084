"""A Postgres host that goes out for maintenance: who takes over from it, and for how long it can stay away."""

from __future__ import annotations

import time

from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import words
from deploys.controller.postgres import failover, servers
from deploys.controller.postgres.change import Change
from deploys.controller.postgres.topology import Topology
from deploys.controller.run import Opened
from deploys.controller.upkeep import upgrade
from deploys.settings.host import SiteHost


def handing_over(parts: Topology, host: SiteHost) -> bool:
    """
    Whether the host is the primary, was stopped in order, and nobody has taken over.

    Args:
        parts: who is primary
        host: the host
    """
    cluster = parts.servers[parts.primary].cluster
    return parts.primary == host.name and cluster is not None and cluster.shut_down and not cluster.running


def handover(begun: Opened, parts: Topology, host: SiteHost) -> Change:
    """
    How the primary hands over, also where a run was killed while it did.

    Args:
        begun: the run
        parts: who is primary
        host: the primary

    Raises:
        PyinfraError: where nobody can take over.
    """
    change = _finished(begun, parts) if handing_over(parts, host) else upgrade.handover(begun, parts)
    if change is None:
        raise PyinfraError(
            f"{host.name} is the primary, and no replica follows it that could take over. See to "
            f"{' and '.join(parts.replicas)} first. No host was touched."
        )
    logger.warning(f"Before that {host.name} hands over to {change.failover.target}.")
    return change


def _finished(begun: Opened, parts: Topology) -> Change:
    """The rest of a handover that was interrupted; refused where a replica lacks anything."""
    answers, silent = servers.answered(servers.queried(begun.site, None, begun.machines))
    have = {
        name: one.cluster.answer.position
        for name in parts.replicas
        if (one := answers.get(name)) and one.cluster and one.cluster.answer
    }
    found = failover.decide(
        answers, silent, max(have, key=have.__getitem__, default=parts.replicas[0]), False, time.time()
    )
    return Change(begun.run(found.topology), found)


def kept(parts: Topology, host: SiteHost) -> str:
    """
    For how long a Postgres host can be out, until it must be copied anew; empty for other hosts.

    Args:
        parts: who is primary
        host: the one that goes out
    """
    cluster = parts.servers[host.name].cluster if host.name in parts.servers else None
    if cluster is None or len(parts.servers) < 2:
        return ""
    limit = int(str(host.value("postgres_max_slot_wal_keep_size")))
    paces = [one.cluster.answer.pace for one in parts.servers.values() if one.cluster and one.cluster.answer]
    pace = max(paces, default=0.0)
    lasts = f", which at the pace since the last checkpoint is enough for {words.time(limit / pace)}" if pace else ""
    return (
        f"The others keep up to {words.size(limit)} of WAL for {host.name} (postgres_max_slot_wal_keep_size){lasts}; "
        "where it is out for longer, it is copied anew when it is put back."
    )
