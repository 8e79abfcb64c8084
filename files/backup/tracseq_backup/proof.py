"""
Proves a recovered cluster: it starts, answers, has its rows, and every page is as its checksum says.

    python3 -m tracseq_backup.proof DIRECTORY SLOT [thorough]

It runs in a room with neither a network nor the repository nor its passphrase: functions of the data's own
may run here. SLOT, unless it is empty, keeps the WAL of the new timeline for whoever receives it. ``thorough``
also checks the structure of tables and indexes, for a cluster that is thrown away.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tracseq_backup import pgbackrest, server
from tracseq_backup.server import SUPERUSER, Directory
from tracseq_backup.settings import Settings, load

DATABASES = "select datname from pg_database where datallowconn and not datistemplate order by 1;"
ROWS = """
select format('select %L, count(*) from only %I.%I', format('%s.%s', nspname, relname), nspname, relname)
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where relkind in ('r', 'm') and relpersistence = 'p'
  and nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg\\_toast%'
order by 1
\\gexec
"""
"""Has each table of a database counted: its name, and its rows."""


def counted(said: str) -> dict[str, int]:
    """The rows of each table, of what ``ROWS`` answers."""
    rows = (line.rpartition("|") for line in said.splitlines())
    return {name: int(number) for name, _, number in rows}


def proved(settings: Settings, directory: Directory, slot: str, thorough: bool) -> dict[str, Any]:
    """
    What was found in a cluster.

    Args:
        settings: of this host
        directory: where the cluster is
        slot: a replication slot that it is given; empty: none
        thorough: whether the structure of tables and indexes is checked, too

    Raises:
        OSError: where something is not as it should be.
    """
    rows, answer = {}, ""
    with server.running(settings, directory, {"wal_keep_size": "1GB"}):
        if slot:
            server.ask(directory, "postgres", f"select pg_create_physical_replication_slot('{slot}', true);")
        for database in server.ask(directory, "postgres", DATABASES).splitlines():
            rows[database] = counted(server.ask(directory, database, ROWS))
        if settings.proof_query:
            try:
                answer = _answer(settings, directory)
            except OSError as error:
                # Whoever goes back may go back to before what it asks for was there: they are told, and judge.
                if thorough:
                    raise
                answer = str(error)
        if thorough:
            _checked(
                settings, "pg_amcheck", "--all", "--install-missing", f"--host={directory.path}",
                f"--username={SUPERUSER}", "--no-password",
            )  # fmt: skip
    _checked(settings, "pg_checksums", "--check", f"--pgdata={directory.data}")
    return {"rows": rows, "answer": answer}


def _answer(settings: Settings, directory: Directory) -> str:
    answer = server.ask(directory, settings.proof_database, f"{settings.proof_query.rstrip(';')};")
    if not answer:
        raise OSError(f"backup_proof_query has no row as its answer: {settings.proof_query}")
    return answer


def _checked(settings: Settings, program: str, *arguments: str) -> None:
    code, output = pgbackrest.run([f"{settings.programs}/{program}", *arguments])
    if code:
        raise OSError(f"{program}: {pgbackrest.reason(output)}")


def main(path: str, slot: str, *how: str) -> None:
    """Prove, and keep what was found."""
    settings, directory = load(), Directory(Path(path))
    try:
        found = proved(settings, directory, slot, "thorough" in how)
    except OSError as error:
        (directory.path / "problem").write_text(str(error))
        sys.exit(str(error))
    directory.altered.rename(directory.data / "postgresql.auto.conf")
    (directory.path / "proof.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
