"""The settings that must be on a replica at least what they are on its primary ("Hot Standby" in its manual)."""

from __future__ import annotations

from collections.abc import Mapping

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


def of_replica(
    wanted: Mapping[str, int], primary: Cluster | None, replica: Cluster | None
) -> tuple[dict[str, int], dict[str, int]]:
    """
    The limits of a replica: those that it needs before its primary applies its own, and those it
    ends with. The first is empty where it has what it needs.

    With lower ones than its primary's a replica stops to replay, cannot be promoted, and does not
    start. What it has replayed counts, which may be less than what its primary runs with.

    Args:
        wanted: of ``declared()``
        primary: the cluster of the primary, where it has one
        replica: the cluster of the replica, where it has one
    """
    answer = primary.answer if primary else None
    altered = answer.altered if answer else {}
    last = {name: max(value, int(altered.get(name, 0))) for name, value in wanted.items()}
    if replica is None:
        return {}, last
    running = answer.limits if answer else {}
    required = replica.required
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
