"""
Has the repository where it belongs on a new backup host: from the second place, unless its disk is there.

    python3 -m tracseq_backup.bring_back

What comes from another machine belongs to that one's users: it is given to this one's.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tracseq_backup import copy, pgbackrest, record
from tracseq_backup.settings import Settings, load

COPYING = "copying"


def complete(settings: Settings) -> bool:
    """Whether the repository is there, and nobody is left in the middle of copying it."""
    root = Path(settings.repository)
    return (root / "backup" / settings.stanza / "backup.info").is_file() and not (root / COPYING).exists()


def main(*verb: str) -> None:
    """Bring it back, or, in its room, copy."""
    settings = load()
    root = Path(settings.repository)
    if verb == (COPYING,):
        (root / COPYING).touch()
        problem = copy.rclone("copy", f"second:{settings.second_place}", settings.repository)
        if problem is None:
            (root / COPYING).unlink()
        record.fail([problem] if problem else [])
        return
    subprocess.run(["chown", "--recursive", "--no-dereference", f"{settings.user}:", str(root)], check=True)
    if not complete(settings) and settings.second_place:
        line = pgbackrest.program("bring_back", COPYING)
        code, output = pgbackrest.run(pgbackrest.room(settings, line, True, [settings.repository]))
        if code:
            record.fail([pgbackrest.reason(output)])
    if not complete(settings):
        where = "nor in the second place" if settings.second_place else "and backup_second_place is None"
        record.fail(
            [
                f"There is no repository in {root}, {where}. Put it there (its disk, or a copy of it), or have "
                "backup_second_place say where a copy is, and run again."
            ]
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
