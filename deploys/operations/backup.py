"""The repository of a backup host."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.backup import Repository, RepositoryState
from deploys.operations.postgres import shell
from deploys.operations.script import script

FIRST = "tracseq-backup-full.service tracseq-backup-state.service"


@operation
def stanza(user: str, stanza: str) -> Steps:
    """
    Have a repository that takes WAL and backups.

    + user: the system user that owns it
    + stanza: its name for the site's Postgres

    **Example:**

    .. code:: python

        backup.stanza(name="Repository", user="pgbackrest", stanza="main")
    """
    current: RepositoryState = yield Reading(Repository, user=user, stanza=stanza)
    if current.complaint:
        yield StringCommand(shell.failed(f"The repository of the backups cannot be read: {current.complaint}"))
        return
    if current.stanza:
        host.noop("the repository takes WAL and backups")
        return
    yield script(
        "cd /",
        f"runuser -u {user} -- pgbackrest --stanza={stanza} --log-level-console=off --log-level-stderr=error"
        " stanza-create",
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
