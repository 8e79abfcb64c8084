"""The settings that must be on a replica at least what they are on its primary ("Hot Standby" in its manual)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploys.facts.postgres.state import Cluster
from deploys.roles.postgres.declaration import Postgres
from deploys.settings.site import Site

DEFAULTS = {
    "max_connections": 100,
    "max_worker_processes": 8,
    "max_wal_senders": 10,
    "max_prepared_transactions": 0,
    "max_locks_per_transaction": 64,
}
"""Postgres' own."""


def declared(site: Site, data: Postgres) -> dict[str, int]:
    """The limits as the site's data has them."""
    # Each replica needs a connection, and one more while it is copied; the rest is for backups.
    connections = max(10, 2 * len(site.group("postgres")) + 4)
    defaults = DEFAULTS | {
        "max_connections": data.postgres_max_connections,
        "max_wal_senders": connections,
    }
    return {name: int(data.postgres_settings.get(name, default)) for name, default in defaults.items()}


def of_primary(
    wanted: Mapping[str, int], primary: Cluster | None, replicas: Iterable[Cluster | None], restart: bool
) -> dict[str, int]:
    """
    The limits of a primary. Where nothing is restarted, one that grows waits until its replicas run with it:
    a primary that starts by itself, with its host, must not have it before.

    Args:
        wanted: of ``declared()``
        primary: its cluster, where it has one
        replicas: those of its replicas
        restart: whether servers are restarted
    """
    have = [replica.answer.limits for replica in replicas if replica and replica.answer]
    runs = primary.answer.limits if primary and primary.answer else {}
    if restart:
        return dict(wanted)
    found = {}
    for name, value in wanted.items():
        least = min((limits.get(name, value) for limits in have), default=value)
        found[name] = value if value <= least else max(least, min(value, runs.get(name, least)))
    return found


def of_replica(
    wanted: Mapping[str, int], primary: Cluster | None, replica: Cluster | None, restart: bool
) -> tuple[dict[str, int], dict[str, int]]:
    """
    The limits of a replica: those that it needs before its primary applies its own, and those it
    ends with. The first is empty where it has what it needs.

    With lower ones than its primary's a replica stops to replay, cannot be promoted, and does not
    start. What it has replayed counts, which may be less than what its primary runs with. Where
    nothing is restarted, its primary keeps what it runs with, and so does it.

    Args:
        wanted: of ``declared()``
        primary: the cluster of the primary, where it has one
        replica: the cluster of the replica, where it has one
        restart: whether servers are restarted
    """
    answer = primary.answer if primary else None
    altered = answer.altered if answer else {}
    last = {name: max(value, int(altered.get(name, 0))) for name, value in wanted.items()}
    running = answer.limits if answer else {}
    required = replica.required if replica else {}
    if not restart:
        last = {name: max(value, running.get(name, 0), required.get(name, 0)) for name, value in last.items()}
    if replica is None:
        return {}, last
    most = {name: max(value, running.get(name, 0), required.get(name, 0)) for name, value in last.items()}
    has = replica.answer.limits if replica.answer else last
    needs = most if replica.answer else required
    lacks = any(has[name] < needs.get(name, 0) for name in has)
    return (most if lacks else {}), last


def shrinks(first: Mapping[str, int], last: Mapping[str, int], replica: Cluster | None) -> bool:
    """
    Whether a replica ends with a lower limit than it had, for which its primary must have its first.

    Args:
        first, last: of ``of_replica()``
    """
    if replica is None:
        return False
    had = [first, replica.required, replica.answer.limits if replica.answer else {}]
    return any(limits.get(name, 0) > value for limits in had for name, value in last.items())
