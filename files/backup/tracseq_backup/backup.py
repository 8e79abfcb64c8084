"""
Makes a backup, lets go of what is too old, and reads all of the repository again.

    python3 -m tracseq_backup.backup full

pgBackRest takes the names of files as the Postgres host's side says them, and a side that lies can
name a file of another backup. So while a backup is made, the WAL and every complete backup are
mounted read-only for it; what is too old goes afterwards, by a program without a network.
"""

from __future__ import annotations

import shutil
import sys
import time
from fcntl import LOCK_EX, flock
from pathlib import Path

from tracseq_backup import believed, pgbackrest, postgres, record, verify
from tracseq_backup.settings import Settings, load

KINDS = {"full": "full", "differential": "diff"}
LOUD = ("--log-level-console=info",)
"""So that the journal tells from where and up to where a backup was made."""
TURN = Path("/run/tracseq/backup")
"""Held by the backup that is being made: another waits."""
KEPT = Path("/var/lib/tracseq-backup/info")
"""Copies of the files without which no backup can be decrypted: pgBackRest rewrites them at each backup."""


def has_standby(settings: Settings) -> bool:
    """Whether a standby answers, from which a backup can be made."""
    for server in settings.servers:
        try:
            if postgres.ask(postgres.connection(settings, server), "select pg_is_in_recovery()") == "t":
                return True
        except OSError as error:
            print(f"{server} does not answer: {error}", flush=True)
    return False


def keep_info(settings: Settings) -> None:
    """Keep what says how the backups are encrypted, out of reach of what makes them."""
    for part in ("archive", "backup"):
        source = Path(settings.repository) / part / settings.stanza / f"{part}.info"
        if source.is_file():
            shutil.copy2(source, KEPT / f"{part}.info.{time.strftime('%Y%m%d-%H%M%S')}")
            for old in sorted(KEPT.glob(f"{part}.info.*"))[:-10]:
                old.unlink()


def make(settings: Settings, kind: str, number: int) -> list[str]:
    """
    Make one backup.

    Args:
        settings: of this host
        kind: of ``KINDS``
        number: of the repository
    """
    began = time.time()
    standby = "--backup-standby" if has_standby(settings) else "--no-backup-standby"
    line = pgbackrest.command(
        settings, f"--repo={number}", f"--type={KINDS[kind]}", standby, "--no-expire-auto", *LOUD, "backup"
    )
    writable = [settings.repository, pgbackrest.LOCKS]
    code, output = pgbackrest.run(pgbackrest.room(settings, line, True, writable, pgbackrest.sealed(settings)))
    if code:
        return [f"No {kind} backup was made in repository {number}: {pgbackrest.reason(output)}"]
    if wrong := believed.problems(settings, number, began):
        return wrong
    line = pgbackrest.command(settings, f"--repo={number}", "expire")
    code, output = pgbackrest.run(pgbackrest.room(settings, line, settings.network, writable))
    return [f"What is too old is still in repository {number}: {pgbackrest.reason(output)}"] if code else []


def main(kind: str) -> None:
    """Make a backup in each repository, and verify them."""
    settings, turn = load(), TURN.open("w")
    flock(turn, LOCK_EX)
    began, before = time.time(), {one["label"] for one in pgbackrest.info(settings).get("backup", [])}
    problems = [problem for number in settings.repositories for problem in make(settings, kind, number)]
    keep_info(settings)
    made = [one for one in pgbackrest.info(settings).get("backup", []) if one["label"] not in before]
    last = made[-1] if made else {}
    record.write(
        kind,
        {
            "result": "failed" if problems else "well",
            "problems": problems,
            "label": last.get("label"),
            "size": last.get("info", {}).get("size"),
            "stored": last.get("info", {}).get("repository", {}).get("delta"),
            "seconds": time.time() - began,
        },
    )
    record.fail(problems + verify.verify(settings))


if __name__ == "__main__":
    main(sys.argv[1])
