"""Replication slots: what a primary keeps for each of its replicas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from deploys.facts.postgres import Slot

PREFIX = "tracseq_"
"""The slots whose names begin with it are the site's; no other is touched."""


def slot_name(host: str) -> str:
    """
    The name of a host's slot: Postgres takes lower-case letters, digits and underscores only.

    + host: its name in the inventory
    """
    return PREFIX + re.sub(r"[^a-z0-9_]", "_", host.lower())


def statements(wanted: Sequence[str], there: Mapping[str, Slot]) -> list[str]:
    """
    SQL that makes a server's slots the wanted ones.

    A slot whose WAL was removed, because its replica was away for too long, serves no replica any
    more: it is made anew for the copy that replaces that replica. One in use is never dropped.

    + wanted: names of slots
    + there: the slots that the server has
    """
    drop = [
        name
        for name, slot in there.items()
        if name.startswith(PREFIX) and not slot.active and (name not in wanted or slot.lost)
    ]
    create = [name for name in wanted if name not in there or name in drop]
    return [
        *(f"SELECT pg_drop_replication_slot('{name}') \\g /dev/null" for name in drop),
        *(f"SELECT pg_create_physical_replication_slot('{name}') \\g /dev/null" for name in create),
    ]
