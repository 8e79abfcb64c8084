"""
Makes a named restore point, to which a restore can go back.

    python3 -m tracseq_backup.point before_the_migration

When it was made is kept: a restore begins with the newest backup before it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from tracseq_backup import postgres, record
from tracseq_backup.settings import load

RECORD = "points"


def known() -> Mapping[str, float]:
    """When each restore point was made."""
    found: Mapping[str, Any] = record.read(RECORD).get("points", {})
    return {name: float(at) for name, at in found.items()}


def main(name: str) -> None:
    """Make one; a name stands for the last that has it."""
    settings = load()
    try:
        position = postgres.ask(postgres.of_primary(settings), f"select pg_create_restore_point('{name}')")
    except OSError as error:
        record.fail([f"No restore point was made: {error}"])
        return
    made = time.time()
    oldest = made - settings.retention
    kept = {one: at for one, at in known().items() if at > oldest}
    record.write(RECORD, {"points": kept | {name: made}})
    print(f"{name} is at {position}")


if __name__ == "__main__":
    main(sys.argv[1])
