"""A change of the primary: one server hands over, another is promoted, and the first becomes a replica."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from gevent import sleep
from pyinfra import host, inventory, state
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.postgres.handover import Ended, Standing, Stands
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import Answer, ServerState, slot_name
from deploys.operations.postgres import cluster, shell, slots
from deploys.operations.script import script


@operation
def slots_kept(version: int, replicas: Sequence[str], others: Sequence[str] = ()) -> Steps:
    """
    Have a replica keep WAL for those that will follow it, before it is the primary that they follow.

    + version: of Postgres
    + replicas: names of the hosts that will follow it
    + others: names of slots for those that receive WAL and are no replicas

    **Example:**

    .. code:: python

        primary.slots_kept(name="Slots for those that will follow it", version=15, replicas=["pg1"])
    """
    server: ServerState = yield Reading(Server)
    current = server.cluster
    answer = (current.answer if current else None) or Answer(recovery=True)
    wanted = [*(slot_name(name) for name in replicas), *others]
    statements = slots.statements(wanted, answer.slots)
    if not statements:
        host.noop("its slots are there")
        return
    yield script(shell.query(version), "query --file=-", stdin="\n".join(statements) + "\n")


@operation
def handed_over(version: int, to: str, server: str, timeout: int = 30) -> Steps:
    """
    Have a primary stopped in order, once a replica that streams from it has all of its WAL.

    A server that is shut down first sends its replicas all that it has written, and ends its clients'
    transactions before. Where the replica does not have all of it in time, the primary starts again.

    + version: of Postgres
    + to: name of the replica
    + server: what the inventory calls the replica's host
    + timeout: seconds that the replica may take to receive the rest (default 30)

    **Example:**

    .. code:: python

        primary.handed_over(name="pg1 stops, and pg2 has all of it", version=15, to="pg2", server="pg2")
    """
    own: ServerState = yield Reading(Server)
    if own.cluster is None or not own.cluster.primary:
        host.noop("it is stopped")
        return
    streams = f"select count(*) from pg_stat_replication where application_name = '{to}' and state = 'streaming'"
    yield script(
        shell.query(version),
        # What is written now need not be written while everybody waits.
        "query --command=checkpoint",
        f'if [ "$(query --command="{streams}")" != 1 ]; then',
        f"  echo '{to} does not stream from it at this moment. Nothing was changed.' >&2",
        "  exit 1",
        "fi",
        f"systemctl stop {shell.unit(version)}",
    )
    if not state.is_executing:
        return
    end: int | None = yield Reading(Ended, version=version)
    if end is not None and _received(server, version, end, timeout):
        return
    yield script(cluster.start(version))
    yield StringCommand(
        shell.failed(
            f"{to} did not receive all of its WAL within {timeout} s. It is the primary again; nothing is lost."
        )
    )


@operation
def promoted(version: int, timeout: int = 60, handed_over: bool = False) -> Steps:
    """
    Have a replica be the primary.

    + version: of Postgres
    + timeout: seconds it may take (default 60)
    + handed_over: whether the primary before it was stopped in order, and has nothing that this one lacks: it takes
      writes at once then, while the other hosts hear of it (default false: they hear of it before its first write)

    **Example:**

    .. code:: python

        primary.promoted(name="pg2 is promoted", version=15)
    """
    # The run that hands over has just asked it, and everybody waits.
    if not (handed_over and state.is_executing):
        current: Standing = yield Reading(Stands, version=version)
        if current.primary:
            host.noop("it is the primary")
            return
    yield script(
        shell.query(version),
        *([shell.handed_over()] if handed_over else []),
        f'if [ "$(query --command="select pg_promote(true, {timeout})")" != t ]; then',
        f"  tail -n 20 {shell.log_file(version)} >&2",
        f"  echo 'It was not promoted within {timeout} s; the last lines of its log are above.' >&2",
        "  exit 1",
        "fi",
        *([f"rm -f {shell.HANDED_OVER}"] if handed_over else []),
    )


@operation
def demoted(version: int, server: str) -> Steps:
    """
    Have a stopped former primary come up as a replica, where it ended in order before the new one's timeline began.

    + version: of Postgres
    + server: what the inventory calls the host of the new primary

    **Example:**

    .. code:: python

        primary.demoted(name="pg1 is to follow pg2", version=15, server="pg2")
    """
    own: ServerState = yield Reading(Server)
    if own.cluster is None or own.cluster.replica:
        host.noop("it is no primary any more")
        return
    if state.is_executing:
        other: ServerState = yield Reading(Server, server=server)
        if not (other.cluster and own.cluster.follows_on(other.cluster)):
            yield StringCommand(
                shell.failed(
                    "It wrote what the new primary never received. "
                    "deploys/rejoin.py makes it a replica, and keeps what only it has."
                )
            )
            return
    yield script(
        f"setpriv --reuid=postgres --regid=postgres --init-groups touch {shell.data_directory(version)}/standby.signal",
        shell.unfailed(version),
        # At once: where replicas must confirm writes, everybody may be waiting for this one.
        cluster.start(version),
    )


@operation
def recorded(version: int) -> Steps:
    """
    Have a primary's timeline in its control file, where pg_rewind looks for it.

    A server that was promoted has it there from its next checkpoint on.

    + version: of Postgres

    **Example:**

    .. code:: python

        primary.recorded(name="pg2 has its timeline on its disk", version=15)
    """
    server: ServerState = yield Reading(Server)
    current = server.cluster
    if current is None or not current.primary or current.timeline == current.known_timeline:
        host.noop("it is there")
        return
    yield script(shell.query(version), "query --command=checkpoint")


def _received(server: str, version: int, end: int, timeout: int) -> bool:
    """Whether another host's replica has the WAL up to its end before the timeout is over."""
    other = inventory.get_host(server)
    last = monotonic() + timeout
    while other.get_fact(Stands, version=version).received <= end:
        if monotonic() > last:
            return False
        sleep(0.05)
    return True
