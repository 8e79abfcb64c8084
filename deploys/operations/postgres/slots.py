"""Replication slots: what a primary keeps for each of its replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploys.facts.postgres.state import SLOT_PREFIX, Slot


def statements(wanted: Sequence[str], current: Mapping[str, Slot]) -> list[str]:
    """
    SQL that makes a server's slots the wanted ones.

    A slot whose WAL was removed, because its replica was away for too long, serves no replica any
    more: it is made anew for the copy that replaces that replica. One in use is never dropped.
    A slot keeps WAL from its beginning, not from its first use: a former primary that comes back
    days later still finds what it needs (as long as postgres_max_slot_wal_keep_size allows).

    + wanted: names of slots
    + current: the slots that the server has
    """
    drop = [
        name
        for name, slot in current.items()
        if name.startswith(SLOT_PREFIX) and not slot.active and (name not in wanted or slot.lost)
    ]
    create = [name for name in wanted if name not in current or name in drop]
    return [
        *(f"SELECT pg_drop_replication_slot('{name}') \\g /dev/null" for name in drop),
        *(f"SELECT pg_create_physical_replication_slot('{name}', true) \\g /dev/null" for name in create),
    ]
