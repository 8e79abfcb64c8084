"""A replica: built from its primary, and following it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from gevent import sleep
from pyinfra import host, state
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.engine.rolling import one_at_a_time
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import DATA, SLOT_PREFIX, SUPERSEDED, Cluster, ServerState
from deploys.facts.postgres.status import Numbers, Status
from deploys.operations.postgres import cluster, shell
from deploys.operations.postgres.patroni import restarted
from deploys.operations.script import script

MB = 1 << 20
ROOM = 64 * MB
"""What a copy needs beside the databases: templates, and the WAL of the time in which it is made."""


@operation
def built(version: int, primary: str, slot: str, by_patroni: bool = False) -> Steps:
    """
    Have a copy of the primary's data on a host that has none; what is there is left as it is.

    + version: of Postgres
    + primary: connection string of the primary; its password is in a file that it names
    + slot: the host's own slot on the primary, so that nothing is missed until it follows
    + by_patroni: whether Patroni keeps the server; the copy then runs once as a replica, by itself (default no)

    **Example:**

    .. code:: python

        standby.built(
            name="Copy of the primary",
            version=15,
            primary="host=pg1 user=replicator passfile=/etc/tracseq/postgres/passfile",
            slot="tracseq_pg2",
        )
    """
    current: ServerState = yield Reading(Server)
    if current.cluster is not None:
        host.noop("there is a cluster")
        return
    once = _run_once(version) if by_patroni else ()
    yield script(*shell.brought(version, *_copy(version, primary, slot), *once))


@operation
def caught_up(version: int, limits: Mapping[str, int], timeout: int = 60) -> Steps:
    """
    Wait until a replica has replayed that its primary runs with smaller limits; it changes nothing.

    Restarted with them before, it would not come up again.

    + version: of Postgres
    + limits: settings that a replica must not have lower than its primary
    + timeout: seconds it may take (default 60)

    **Example:**

    .. code:: python

        standby.caught_up(name="Replica has seen it", version=15, limits={"max_connections": 100})
    """

    def seen(current: Cluster | None) -> bool:
        return current is not None and all(current.required.get(name, 0) <= limits[name] for name in limits)

    server: ServerState = yield Reading(Server)
    current = _waited(server, seen, timeout)
    if state.is_executing and not seen(current):
        yield StringCommand(shell.failed(_not_following(version, current, timeout)))
        return
    host.noop("it has replayed all that its primary did")


@operation
def following(
    version: int,
    primary: str,
    slot: str,
    server: str,
    timeout: int = 60,
    kept: Sequence[str] = (),
    restart: bool = False,
    by_patroni: bool = False,
) -> Steps:
    """
    Have a replica receive from its primary.

    One that was away for so long that its primary has removed the WAL that it needs is copied anew;
    its old data is removed once the copy is in place. A replica that has anything that its primary
    lacks, and one whose host has no room for both, is left as it is.

    Slots that it kept for others when it was a primary itself would make it keep their WAL for
    ever; they are dropped.

    + version: of Postgres
    + primary: connection string of the primary; its password is in a file that it names
    + slot: the host's own slot on the primary
    + server: what the inventory calls the primary's host
    + timeout: seconds it may take until it receives (default 60)
    + kept: names of slots that somebody moves on here too, and that stay
    + restart: whether it is restarted where a setting waits for that (default false)
    + by_patroni: whether Patroni keeps the server, restarts it, and copies it anew where that is asked of it
      (default no)

    **Example:**

    .. code:: python

        standby.following(
            name="Replica follows",
            version=15,
            primary="host=pg1 user=replicator passfile=/etc/tracseq/postgres/passfile",
            slot="tracseq_pg2",
            server="pg1",
        )
    """

    def receives(current: Cluster | None) -> bool:
        answer = current.answer if current else None
        return answer is not None and answer.receiver.get("status") == "streaming"

    own: ServerState = yield Reading(Server)
    current = _waited(own, lambda cluster: receives(cluster) or bool(cluster and cluster.too_late), timeout)
    if current and current.too_late and not receives(current) and not by_patroni:
        of_primary: ServerState = yield Reading(Server, server=server)
        if of_primary.cluster and current.within(of_primary.cluster):
            sizes: Numbers | None = yield Reading(Status, server=server)
            yield script(*_copied_anew(version, sum(sizes.databases.values()) if sizes else 0, primary, slot))
            anew: ServerState = yield Reading(Server)
            current = _waited(anew, receives, timeout)
    if state.is_executing and not receives(current):
        yield StringCommand(shell.failed(_not_following(version, current, timeout)))
        return
    answer = current.answer if current else None
    leftover = [
        name
        for name, one in (answer.slots if answer else {}).items()
        if name.startswith(SLOT_PREFIX) and not one.active and name not in kept
    ]
    pending = answer.pending if answer else ()
    superseded = current is not None and current.superseded
    if not (leftover or superseded) and not (pending and restart):
        host.noop(f"it follows; {', '.join(pending) or 'no setting'} waits for a restart")
        return
    lines = [shell.query(version)]
    if superseded:
        lines.append(f"rm -rf -- {shell.data_directory(version)}{SUPERSEDED}")
    if leftover:
        dropped = "; ".join(f"select pg_drop_replication_slot('{name}')" for name in leftover)
        lines.append(f"query --command={shlex.quote(dropped)} >/dev/null")
    if pending and restart:
        lines.append(restarted() if by_patroni else shell.restarted(version))
    with one_at_a_time("postgres"):
        yield script(*lines)


def _copy(version: int, primary: str, slot: str) -> tuple[str, str]:
    """The command lines that make a copy of the primary."""
    return (
        f"/usr/lib/postgresql/{version}/bin/pg_basebackup --dbname={shlex.quote(primary)} "
        f'--pgdata="$new" --slot={shlex.quote(slot)} --wal-method=stream --checkpoint=fast '
        "--no-password",
        # Within the copy before it is in place: a copy without it would come up as a second primary.
        'touch "$new/standby.signal"',
    )


ALONE = (
    "config_file=/dev/null",
    "hba_file=$new/tracseq-once",
    "hot_standby=off",
    "listen_addresses=",
    "unix_socket_directories=$new",
)
"""Settings of a copy that runs once: nobody reaches it, and it needs none of its primary's limits."""


def _run_once(version: int) -> tuple[str, ...]:
    """
    The command lines that have a copy begin its recovery, and end.

    It is made of a server that runs, and its control file says so. Patroni takes that for a primary that died, recovers
    it by itself in single-user mode, without standby.signal (``Ha._handle_crash_recovery``), and it then has what its
    primary never wrote. Once it has begun as a replica, its control file says that.
    """
    pg_ctl = f"/usr/lib/postgresql/{version}/bin/pg_ctl"
    options = " ".join(f"-c {setting}" for setting in ALONE)
    return (
        # A server reads some such file before it starts.
        """sh -c 'echo "local all all reject" > "$1"' sh "$new/tracseq-once\"""",
        f'{pg_ctl} start --pgdata="$new" --wait --timeout=86400 --silent --options="{options}"',
        f'{pg_ctl} stop --pgdata="$new" --wait --timeout=86400 --mode=fast --silent',
        'rm "$new/tracseq-once"',
    )


def _copied_anew(version: int, size: int, primary: str, slot: str) -> list[str]:
    """Shell: have a new copy in the place of a replica's data, of so many bytes on its primary."""
    data = shell.data_directory(version)
    return [
        f"rm -rf -- {data}.tracseq-new",
        f"free=$(df --output=avail --block-size=1 {DATA}/{version} | tail -n 1)",
        f'if [ "$free" -lt {size + ROOM} ]; then',
        '  echo "Its primary has removed the WAL that it needs, and a copy takes'
        f" {(size + ROOM) // MB} MB: {DATA} has $((free / {MB})) MB free beside the old one. Nothing was changed."
        f" Give it room; or remove the old one, all of which the primary has (systemctl stop {shell.unit(version)};"
        f' rm -r {data}), and run again: the primary is then copied." >&2',
        "  exit 1",
        "fi",
        # It asks its primary each second, and would have the slot just when the copy needs it.
        f"systemctl stop {shell.unit(version)}",
        *shell.brought(version, *_copy(version, primary, slot), superseded=True),
        cluster.start(version),
    ]


def _waited(server: ServerState, enough: Callable[[Cluster | None], bool], timeout: int) -> Cluster | None:
    """The host's cluster once it is as it should be, or when the timeout is over; in a plan, at once."""
    end = monotonic() + timeout
    current = server.cluster
    while state.is_executing and not enough(current) and monotonic() < end:
        sleep(0.3)
        current = host.get_fact(Server).cluster
    return current


def _not_following(version: int, current: Cluster | None, timeout: int) -> str:
    if current is None or not current.running:
        return f"The replica does not run; see {shell.log_file(version)}."
    if current.primary:
        return "It became a primary while this run was under way. Run again."
    said = current.silence or current.complaint or "nothing"
    return (
        f"The replica does not follow its primary after {timeout} s. The last that its server said: {said}\n"
        "Where its history is not the primary's, it may have what the primary lacks: move "
        f"{shell.data_directory(version)} away, keep it, and run again: the primary is then copied."
    )
