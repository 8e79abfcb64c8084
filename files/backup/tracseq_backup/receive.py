"""
Becomes pg_receivewal, which writes down what the primary writes, as it writes it.

The slot says where the primary's WAL that this host lacks begins. After a promotion the new
primary's slot decides, and not what is left here of a segment that the old one alone may have
finished: its timeline may have gone on where the new one's never was.
"""

from __future__ import annotations

import os
from pathlib import Path

from tracseq_backup import postgres, record, wal
from tracseq_backup.push import WAL
from tracseq_backup.settings import load

PARTIAL = ".partial"


def outdated(timeline: int, directory: Path = WAL) -> list[Path]:
    """
    Unfinished segments of another timeline than the server's.

    Args:
        timeline: the server's
        directory: where segments are received
    """
    found = directory.glob(f"*{PARTIAL}")
    return sorted(path for path in found if wal.SEGMENT.match(path.name) and int(path.name[:8], 16) != timeline)


def main() -> None:
    """Have a slot on the primary, and receive."""
    settings = load()
    primary = postgres.of_primary(settings)
    try:
        found = postgres.ask(
            primary,
            f"select pg_create_physical_replication_slot('{settings.slot}', true) where not exists"
            f" (select from pg_replication_slots where slot_name = '{settings.slot}')",
            "select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int",
        )
    except OSError as error:
        record.fail([f"No primary can be received from: {error}"])
        return
    for path in outdated(int(found)):
        path.unlink()
    program = f"{settings.programs}/pg_receivewal"
    os.execv(
        program,
        [program, f"--dbname={primary} application_name={settings.slot}", f"--slot={settings.slot}",
         f"--directory={WAL}", "--no-loop", "--no-password", "--status-interval=5"],
    )  # fmt: skip


if __name__ == "__main__":
    main()
