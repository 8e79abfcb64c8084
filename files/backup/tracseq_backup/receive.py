"""
Becomes pg_receivewal, which writes down what the primary writes, as it writes it.

The slot says where the primary's WAL that this host lacks begins. After a promotion the new
primary's slot decides, and not what is left here of a segment that the old one alone may have
finished: its timeline may have gone on where the new one's never was.

Where this host was away for longer than WAL is kept for it, it begins anew with what the primary
still has, instead of asking for ever for what is removed, and notes when that was.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tracseq_backup import postgres, record, wal
from tracseq_backup.push import WAL
from tracseq_backup.settings import load

PARTIAL = ".partial"
TIMELINE = "select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int"
OLDEST = "select min(right(name, 16)) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'"
"""The oldest segment that the server still has, without its timeline."""


def lost(slot: str) -> str:
    """
    SQL that drops a slot of which nothing can be received any more.

    The WAL at its beginning is looked for, because after a restart Postgres has forgotten what it removed, and calls
    such a slot reserved. One byte is added: pg_walfile_name() names the segment before one that begins there.

    Args:
        slot: its name
    """
    return (
        "select slot_name, pg_drop_replication_slot(slot_name) from pg_replication_slots"
        f" where slot_name = '{slot}' and not active and (wal_status = 'lost'"
        f" or right(pg_walfile_name(restart_lsn + 1), 16) < ({OLDEST}))"
    )


def outdated(timeline: int, oldest: str, directory: Path = WAL) -> list[Path]:
    """
    Unfinished segments that the server cannot go on with: of another timeline, or removed there.

    Args:
        timeline: the server's
        oldest: the oldest segment that it has, without its timeline
        directory: where segments are received
    """
    found = [path for path in directory.glob(f"*{PARTIAL}") if wal.SEGMENT.match(path.name)]
    return sorted(path for path in found if int(path.name[:8], 16) != timeline or path.name[8:24] < oldest)


def main() -> None:
    """Have a slot on the primary, and receive."""
    settings = load()
    primary = postgres.of_primary(settings)
    try:
        if postgres.ask(primary, lost(settings.slot)):
            record.write("receive", {"lost": time.time()})
            print("The primary has removed WAL that this host lacks: it goes on with what is left.", flush=True)
        timeline, oldest = postgres.ask(
            primary,
            f"select pg_create_physical_replication_slot('{settings.slot}', true) where not exists"
            f" (select from pg_replication_slots where slot_name = '{settings.slot}')",
            f"select concat_ws(' ', ({TIMELINE}), ({OLDEST}))",
        ).split()
    except OSError as error:
        record.fail([f"No primary can be received from: {error}"])
        return
    for path in outdated(int(timeline), oldest):
        path.unlink()
    program = f"{settings.programs}/pg_receivewal"
    os.execv(
        program,
        [program, f"--dbname={primary} application_name={settings.slot}", f"--slot={settings.slot}",
         f"--directory={WAL}", "--no-loop", "--no-password", "--status-interval=5"],
    )  # fmt: skip


if __name__ == "__main__":
    main()
