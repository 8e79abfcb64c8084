"""The repository of a backup host."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pyinfra import host
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.backup import Repository, RepositoryState
from deploys.facts.backup_records import Records
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import ServerState
from deploys.operations.postgres import shell
from deploys.operations.restore import program
from deploys.operations.script import script

FIRST = "tracseq-backup-full.service tracseq-backup-state.service"


@operation
def stanza(user: str, stanza: str, version: int) -> Steps:
    """
    Have a repository that takes WAL and backups; after an upgrade of Postgres, those of the new version beside the old.

    + user: the system user that owns it
    + stanza: its name for the site's Postgres
    + version: of Postgres

    **Example:**

    .. code:: python

        backup.stanza(name="Repository", user="pgbackrest", stanza="main", version=17)
    """
    current: RepositoryState = yield Reading(Repository, user=user, stanza=stanza)
    if current.complaint:
        yield StringCommand(shell.failed(f"The repository of the backups cannot be read: {current.complaint}"))
        return
    if current.stanza and current.version == version:
        host.noop("the repository takes WAL and backups")
        return
    command = "stanza-upgrade" if current.stanza else "stanza-create"
    yield script(
        "cd /",
        f"runuser -u {user} -- pgbackrest --stanza={stanza} --log-level-console=off --log-level-stderr=error {command}",
    )


@operation
def first(user: str, stanza: str) -> Steps:
    """
    Have a first backup begun where there is none: its timer may be a week away. Nobody waits for its end.

    + user: the system user that owns the repository
    + stanza: its name for the site's Postgres

    **Example:**

    .. code:: python

        backup.first(name="A first backup", user="pgbackrest", stanza="main")
    """
    current: RepositoryState = yield Reading(Repository, user=user, stanza=stanza)
    if current.backups or current.working:
        host.noop("there is a backup, or one is being made")
        return
    yield script(f"systemctl reset-failed {FIRST} 2>/dev/null || true", f"systemctl start --no-block {FIRST}")


@operation
def renewed(user: str, stanza: str, primary: str) -> Steps:
    """
    Have a full backup begun where none is of the primary's timeline. Nobody waits for its end.

    + user: the system user that owns the repository
    + stanza: its name for the site's Postgres
    + primary: what the inventory calls the primary's host

    **Example:**

    .. code:: python

        backup.renewed(name="A backup of what was restored", user="pgbackrest", stanza="main", primary="pg1")
    """
    current: RepositoryState = yield Reading(Repository, user=user, stanza=stanza)
    server: ServerState = yield Reading(Server, server=primary)
    timeline = (server.cluster.known_timeline if server.cluster else None) or 0
    if current.working or current.timeline >= timeline:
        host.noop("there is one, or it is being made")
        return
    yield script("systemctl start --no-block tracseq-backup-full.service")


@operation
def drilled(since: float) -> Steps:
    """
    Have the newest backup restored, proved and thrown away since a moment; it fails where the backup does not serve.

    + since: seconds since 1970, by the host's own clock

    **Example:**

    .. code:: python

        backup.drilled(name="Restore drill", since=1795619584.0)
    """
    records: Mapping[str, Mapping[str, Any]] = yield Reading(Records)
    if _at(records, "drill") > since:
        host.noop("it was done")
        return
    unit = "tracseq-restore-drill.service"
    yield script(
        f"began=$(date +%s); code=0; systemctl start {unit} || code=$?",
        f"journalctl --unit={unit} --since=@$began --output=cat --no-pager | tail -n 3 >&2",
        "exit $code",
    )


@operation
def point(point: str, user: str, since: float) -> Steps:
    """
    Have a named restore point in the WAL, and its time kept on the backup host.

    It fails where a point of that name is older: whoever makes one before a second migration must not
    be told that there is one, and go back to before the first.

    + point: its name
    + user: the system user that owns the repository
    + since: seconds since 1970, by the host's own clock: one that was made later is the one that is asked for

    **Example:**

    .. code:: python

        backup.point(
            name="Restore point before_the_migration",
            point="before_the_migration",
            user="pgbackrest",
            since=1795619584.0,
        )
    """
    records: Mapping[str, Mapping[str, Any]] = yield Reading(Records)
    made = records.get("points", {}).get("points", {}).get(point)
    if made is not None and made >= since:
        host.noop("it was made")
        return
    if made is not None:
        when = datetime.fromtimestamp(made, UTC).strftime("%F %T UTC")
        problem = f"There is a restore point {point} of {when}: nothing was made. Give this one another name."
        yield StringCommand(shell.failed(problem))
        return
    yield pointed(point, user)


def pointed(point: str, user: str) -> StringCommand:
    """
    Shell: make a restore point that there is not yet.

    + point: its name
    + user: the system user that owns the repository
    """
    return script("cd /", f"runuser -u {user} -- {program('point', point)}")


@operation
def brought_back(user: str, stanza: str) -> Steps:
    """
    Have the repository on a new backup host: from the second place, unless its disk is there.

    + user: the system user that owns it
    + stanza: its name for the site's Postgres

    **Example:**

    .. code:: python

        backup.brought_back(name="Repository", user="pgbackrest", stanza="main")
    """
    current: RepositoryState = yield Reading(Repository, user=user, stanza=stanza)
    if current.backups:
        host.noop("the repository is there")
        return
    yield script("cd /", program("bring_back"))


def _at(records: Mapping[str, Mapping[str, Any]], name: str) -> float:
    """When something was done last."""
    return float(records.get(name, {}).get("at", 0.0))
