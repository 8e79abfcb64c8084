"""An upgrade to another major version by pg_upgrade, whose new files are links to the old ones."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from gevent import sleep
from pyinfra import host, inventory, state
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import ServerState
from deploys.facts.postgres.upgrade import Upgrade, UpgradeState
from deploys.operations.postgres import cluster, shell, upgrade_shell
from deploys.operations.script import script


@operation
def checked(old: int, new: int) -> Steps:
    """
    Have pg_upgrade find nothing that would stop it, while the old server runs; nothing of that one is changed.

    + old: version of the data
    + new: version that it is to have

    **Example:**

    .. code:: python

        upgrade.checked(name="pg_upgrade finds nothing in the way", old=15, new=17)
    """
    server: ServerState = yield Reading(Server)
    before = server.clusters.get(old)
    if before is None or not before.primary:
        host.noop("its old server takes no writes any more")
        return
    yield script(
        *upgrade_shell.emptied(new),
        *upgrade_shell.prepared(new),
        upgrade_shell.pg_upgrade(old, new, check=True),
    )


@operation
def stopped(old: int, new: int, replicas: Mapping[str, str], timeout: int = 60) -> Steps:
    """
    Have a primary stopped in order, its replicas with all of its WAL; else it starts again.

    From here on an upgrade has begun, which the next run finishes.

    + old: its version
    + new: version that it is to have
    + replicas: what the inventory calls each replica's host, by the replica's name
    + timeout: seconds that the replicas may take to receive the rest (default 60)

    **Example:**

    .. code:: python

        upgrade.stopped(name="pg1 stops, and pg2 has all of it", old=15, new=17, replicas={"pg2": "pg2"})
    """
    own: ServerState = yield Reading(Server)
    before = own.clusters.get(old)
    if before is None or not before.running:
        host.noop("it is stopped")
        return
    streaming = "select count(*) from pg_stat_replication where state = 'streaming' and application_name in "
    names = ", ".join(f"'{name}'" for name in replicas)
    lines = [shell.query(old), "query --command=checkpoint"]
    if replicas:
        lines += [
            f'if [ "$(query --command="{streaming}({names})")" != {len(replicas)} ]; then',
            f"  echo '{' and '.join(replicas)} must stream from it, and at this moment not all do. "
            "Nothing was stopped.' >&2",
            "  exit 1",
            "fi",
        ]
    yield script(*lines, *upgrade_shell.begun(old, new), *upgrade_shell.ended(old))
    if not state.is_executing:
        return
    left: ServerState = yield Reading(Server)
    before = left.clusters[old]
    if before.shut_down and not (lacking := _lacking(replicas, old, before.checkpoint, timeout)):
        return
    why = (
        f"{' and '.join(lacking)} did not receive all of its WAL within {timeout} s"
        if before.shut_down
        else ("It did not end in order")
    )
    yield script(*upgrade_shell.given_up(new), cluster.start(old))
    yield StringCommand(shell.failed(f"{why}. The old primary runs again; nothing is lost. Run again."))


def _lacking(replicas: Mapping[str, str], old: int, end: int, timeout: int) -> list[str]:
    """The replicas that have not received the WAL beyond a location when the timeout is over."""
    until = monotonic() + timeout
    while True:
        clusters = {
            name: inventory.get_host(target).get_fact(Server).clusters.get(old) for name, target in replicas.items()
        }
        lacking = [name for name, one in clusters.items() if not (one and one.answer and one.answer.position > end)]
        if not lacking or monotonic() >= until:
            return lacking
        sleep(0.1)


@operation
def ended(old: int) -> Steps:
    """
    Have no server run on the old data, also none that pg_upgrade had started; the data is left as it is.

    + old: its version

    **Example:**

    .. code:: python

        upgrade.ended(name="The old server is stopped", old=15)
    """
    server: ServerState = yield Reading(Server)
    before = server.clusters.get(old)
    if before is None or not before.running:
        host.noop("it is stopped")
        return
    yield script(*upgrade_shell.ended(old))


@operation
def made(old: int, new: int) -> Steps:
    """
    Have a cluster of the new version made of a stopped one of the old, by links to its files.

    It is made under another name and moved to its place at once, never having run: until then, whatever
    was killed is begun anew. Indexes whose order changes with a library are built anew before that.

    + old: version of the data
    + new: version that it is to have

    **Example:**

    .. code:: python

        upgrade.made(name="pg_upgrade", old=15, new=17)
    """
    server: ServerState = yield Reading(Server)
    if old not in server.clusters:
        host.noop("there is no data of the old version")
        return
    place = shell.data_directory(new)
    yield script(
        f"if [ ! -e {place} ]; then",
        *upgrade_shell.ended(old),
        *upgrade_shell.put_back(old, new),
        'if [ ! -e "$work/started" ]; then',
        *upgrade_shell.recovered(old),
        *upgrade_shell.prepared(new),
        upgrade_shell.pg_upgrade(old, new, check=False),
        "fi",
        *upgrade_shell.reindexed(new),
        f'mv -T -- "$work/data" {place}',
        "sync",
        "fi",
        *upgrade_shell.put_aside(old, new),
    )


@operation
def put_aside(old: int, new: int) -> Steps:
    """
    Have a replica's old data beside its place, as it is, so that the new primary is copied to it.

    + old: version of the data
    + new: version that it is to have

    **Example:**

    .. code:: python

        upgrade.put_aside(name="The replica's old data is put aside", old=15, new=17)
    """
    server: ServerState = yield Reading(Server)
    if old not in server.clusters:
        host.noop("it is put aside")
        return
    yield script(*upgrade_shell.ended(old), *upgrade_shell.put_aside(old, new))


@operation
def finished(new: int) -> Steps:
    """
    Have the statistics that the planner needs, and the extensions of the new version, after an upgrade.

    + new: version of the data

    **Example:**

    .. code:: python

        upgrade.finished(name="Statistics and extensions", new=17)
    """
    current: UpgradeState = yield Reading(Upgrade, version=new)
    if current.begun is None:
        host.noop("no upgrade is to be finished")
        return
    yield script(*upgrade_shell.finished(new))
