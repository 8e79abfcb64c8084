"""A replica: built from its primary, and following it."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from time import monotonic

from gevent import sleep
from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.exceptions import OperationError

from deploys.facts.postgres import SLOT_PREFIX, Cluster, Server
from deploys.operations.postgres import shell
from deploys.operations.turns import turn


@operation()
def built(version: int, primary: str, slot: str) -> Generator[StringCommand, None, None]:
    """
    Have a copy of the primary's data on a host that has none; what is there is left as it is.

    + version: of Postgres
    + primary: connection string of the primary; its password is in a file that it names
    + slot: the host's own slot on the primary, so that nothing is missed until it follows

    **Example:**

    .. code:: python

        standby.built(
            name="Copy of the primary",
            version=15,
            primary="host=pg1 user=replicator passfile=/etc/tracseq/postgres/passfile",
            slot="tracseq_pg2",
        )
    """
    if host.get_fact(Server).cluster is not None:
        host.noop("there is a cluster")
        return
    maker = (
        f"/usr/lib/postgresql/{version}/bin/pg_basebackup --dbname={shlex.quote(primary)} "
        f'--pgdata="$new" --slot={shlex.quote(slot)} --wal-method=stream --checkpoint=fast '
        "--no-password"
    )
    # Within the copy before it is in place: a copy without it would come up as a second primary.
    marked = 'runuser -u postgres -- touch "$new/standby.signal"'
    *making, placing = shell.brought(version, maker)
    yield StringCommand(*making, marked, placing, _separator="\n")


@operation()
def following(version: int, patience: int = 60) -> Generator[StringCommand, None, None]:
    """
    Have a replica receive from its primary, with no setting waiting for a restart.

    Slots that it kept for others when it was a primary itself would make it keep their WAL for
    ever; they are dropped.

    + version: of Postgres
    + patience: seconds it may take until it receives (default 60)

    Raises:
        OperationError: where it does not receive, or is no replica (any more).

    **Example:**

    .. code:: python

        standby.following(name="Replica follows", version=15)
    """
    there = _received(host.get_fact(Server).cluster, version, patience)
    answer = there.answer if there else None
    leftover = [
        name
        for name, slot in (answer.slots if answer else {}).items()
        if name.startswith(SLOT_PREFIX) and not slot.active
    ]
    if answer is None or not (answer.pending or leftover):
        host.noop("it follows, and no setting waits for a restart")
        return
    lines = ["set -eu", shell.asked(version)]
    if leftover:
        dropped = "; ".join(f"select pg_drop_replication_slot('{name}')" for name in leftover)
        lines.append(f"asked --command={shlex.quote(dropped)} >/dev/null")
    if answer.pending:
        lines.append(shell.restarted(version))
    with turn("postgres"):
        yield StringCommand(*lines, _separator="\n")


def _received(there: Cluster | None, version: int, patience: int) -> Cluster | None:
    """The replica once it receives; while nothing is changed yet, as it is."""
    end = monotonic() + patience
    while state.is_executing:
        if there and there.primary:
            raise OperationError(f"{host.name} became a primary while this run was under way. Run again.")
        if there and there.answer and there.answer.receiver.get("status") == "streaming":
            break
        if monotonic() > end:
            said = (there.complaint or there.silence if there else None) or "nothing"
            raise OperationError(
                f"{host.name} does not follow its primary after {patience} s. The last its server "
                f"said of it: {said}. Where WAL that it needs was removed, or its history is not "
                f"the primary's, move {shell.data_directory(version)} away and run again: it is "
                "then copied anew."
            )
        sleep(0.3)
        there = host.get_fact(Server).cluster
    return there
