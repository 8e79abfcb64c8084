"""A restored cluster: made on the backup host, sent beside a running one, and switched to."""

from __future__ import annotations

import shlex

from pyinfra import host, logger
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import DATA, ServerState
from deploys.facts.restore import LIBRARY, RECEIVER, Restored, RestoredState, beside
from deploys.operations.postgres import cluster, shell
from deploys.operations.script import script


def program(name: str, *arguments: str) -> str:
    """
    Shell that runs one of the backup host's programs.

    + name: of its module
    + arguments: for it
    """
    return (
        f"env PYTHONPATH={LIBRARY} PYTHONDONTWRITEBYTECODE=1 python3 -m tracseq_backup.{name} {shlex.join(arguments)}"
    )


@operation
def made(goal: str, to: str) -> Steps:
    """
    Have a cluster on the backup host that goes back to something, recovered and proved, unless it is where it is to be.

    + goal: what is gone back to, as JSON
    + to: what the inventory calls the host that it is for

    **Example:**

    .. code:: python

        restore.made(name="Cluster as it was", goal='{"time": "2026-11-23T14:00:00+01:00"}', to="pg1")
    """
    there: RestoredState = yield Reading(Restored, server=to)
    if there.is_of(goal):
        host.noop("it was made, and sent")
        return
    yield script("cd /", program("restore", "make", goal))


@operation
def awaited(goal: str, version: int) -> Steps:
    """
    Have a Postgres host wait for a restored cluster, and throw away one that goes back to something else.

    + goal: what is gone back to, as JSON
    + version: of Postgres

    **Example:**

    .. code:: python

        restore.awaited(name="A restored cluster is awaited", goal='{"point": "before"}', version=15)
    """
    current: RestoredState = yield Reading(Restored)
    if current.is_of(goal):
        host.noop("it is there")
        return
    place = beside(version)
    yield script(
        f"systemctl stop {RECEIVER}",
        f"rm -rf -- {place}",
        f"install --directory --owner=postgres --group=postgres --mode=755 {DATA}/{version}",
        f"install --directory --owner=postgres --group=postgres --mode=700 {place}",
        f"systemctl start {RECEIVER}",
    )


@operation
def sent(goal: str, to: str, address: str) -> Steps:
    """
    Have a restored cluster on the host that waits for it.

    + goal: what it goes back to, as JSON
    + to: what the inventory calls that host
    + address: the name by which the backup host knows it

    **Example:**

    .. code:: python

        restore.sent(name="It is sent to pg1", goal='{"point": "before"}', to="pg1", address="pg1")
    """
    there: RestoredState = yield Reading(Restored, server=to)
    if there.is_of(goal):
        host.noop("it is there")
        return
    yield script("cd /", program("restore", "send", address))
    arrived: RestoredState = yield Reading(Restored, server=to)
    if about := arrived.about:
        logger.warning(
            f"{address} has a cluster on timeline {about['timeline']}, made of backup {about['label']} in "
            f"{about['seconds']:.0f} s, up to {about['committed'] or 'the end of the backup'}."
        )


@operation
def switched(version: int, aside: str) -> Steps:
    """
    Have a restored cluster take the place of the host's own, whose directory stays under another name.

    Where the restored one does not start, the other is put back and starts again.

    + version: of Postgres
    + aside: name of the directory that the host's own cluster is moved to

    **Example:**

    .. code:: python

        restore.switched(name="The restored cluster is the primary", version=15, aside="main.before-20261123T140000Z")
    """
    current: RestoredState = yield Reading(Restored)
    own: ServerState = yield Reading(Server)
    if not current.about:
        if own.cluster and not own.cluster.running and not own.cluster.replica:
            yield script(cluster.start(version), f"rm -rf -- {beside(version)}")
        else:
            host.noop("there is no restored cluster any more")
        return
    place, restored, old = shell.data_directory(version), f"{beside(version)}/received", f"{DATA}/{version}/{aside}"
    yield script(
        f"systemctl stop {shell.unit(version)}",
        f"[ ! -e {place} ] || mv -T -- {place} {old}",
        f"mv -T -- {restored}/data {place}",
        f"sync -f {place}",
        f"if ! ( {cluster.start(version)}\n); then",
        f"  tail -n 20 {shell.log_file(version)} >&2",
        f"  systemctl stop {shell.unit(version)}",
        f"  mv -T -- {place} {restored}/data",
        f"  [ ! -e {old} ] || {{ mv -T -- {old} {place}; systemctl start {shell.unit(version)}; }}",
        "  echo 'The restored cluster did not start; the last lines of its log are above.'"
        " 'What was there before is back.' >&2",
        "  exit 1",
        "fi",
        f"rm -rf -- {beside(version)}",
    )


@operation
def handed_over(version: int, to: str) -> Steps:
    """
    Have a primary stopped in order, because a restored cluster on another host takes its place.

    + version: of Postgres
    + to: what the inventory calls the host of the restored cluster

    **Example:**

    .. code:: python

        restore.handed_over(name="pg1 stops", version=15, to="pg2")
    """
    there: RestoredState = yield Reading(Restored, server=to)
    own: ServerState = yield Reading(Server)
    if not there.about or own.cluster is None or not own.cluster.primary:
        host.noop("it is no primary any more")
        return
    yield script(f"systemctl stop {shell.unit(version)}")


@operation
def set_aside(version: int, primary: str, aside: str) -> Steps:
    """
    Have the data of a host moved aside that cannot follow the primary, because that one went back.

    + version: of Postgres
    + primary: what the inventory calls the host of the primary
    + aside: name of the directory that it is moved to

    **Example:**

    .. code:: python

        restore.set_aside(name="What cannot follow", version=15, primary="pg1", aside="main.before-20261123T140000Z")
    """
    own: ServerState = yield Reading(Server)
    other: ServerState = yield Reading(Server, server=primary)
    if own.cluster is None or not (other.cluster and own.cluster.went_beyond(other.cluster)):
        host.noop("it has nothing that the primary does not have")
        return
    yield script(
        f"systemctl stop {shell.unit(version)}",
        f"mv -T -- {shell.data_directory(version)} {DATA}/{version}/{aside}",
    )


@operation
def placed(version: int) -> Steps:
    """
    Have a restored cluster as the host's own, where it has none.

    + version: of Postgres

    **Example:**

    .. code:: python

        restore.placed(name="Cluster from the backup", version=15)
    """
    own: ServerState = yield Reading(Server)
    current: RestoredState = yield Reading(Restored)
    if own.cluster is not None:
        host.noop("there is a cluster")
        return
    if not current.about:
        yield StringCommand(shell.failed("No restored cluster has arrived. Run again."))
        return
    yield script(
        f"mv -T -- {beside(version)}/received/data {shell.data_directory(version)}",
        f"sync -f {shell.data_directory(version)}",
        f"rm -rf -- {beside(version)}",
    )
