"""A former primary that wrote what the primary of now never had: rewound, or its data put aside for a copy."""

from __future__ import annotations

import shlex
from typing import TypeGuard

from pyinfra import host
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.postgres.data_directory import COPY, REWOUND, DataDirectory, Directory
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import Cluster, ServerState
from deploys.operations.postgres import shell
from deploys.operations.script import script

RUNS = "Its server runs. Nothing was changed: stop it, and run again."


@operation
def copied(version: int) -> Steps:
    """
    Have a complete copy of a stopped former primary's data beside it, for pg_rewind to work on.

    + version: of Postgres

    **Example:**

    .. code:: python

        former.copied(name="Copy of its data", version=15)
    """
    server: ServerState = yield Reading(Server)
    cluster = server.cluster
    if not _primary(cluster):
        host.noop("it is no former primary")
        return
    if cluster.running:
        yield StringCommand(shell.failed(RUNS))
        return
    beside: Directory = yield Reading(DataDirectory, version=version)
    if beside.copied:
        host.noop("there is a copy")
        return
    place = shell.data_directory(version)
    yield script(
        "cd /",
        *shell.alone_with_the_data(),
        f"systemctl stop {shell.unit(version)}",
        f"rm -rf -- {place}.tracseq-*",
        f"cp --archive --reflink=auto --no-target-directory -- {place} {place}.tracseq-copying",
        f"sync --file-system {place}.tracseq-copying",
        f"mv -T -- {place}.tracseq-copying {place}.{COPY}",
    )


@operation
def rewound(version: int, primary: str) -> Steps:
    """
    Have a former primary's copy rewound to where the primary went on, and put in the place of its data.

    The data itself is not touched, but for its name, which becomes ``main.before-`` and the time.

    + version: of Postgres
    + primary: connection string of the primary, for SQL; its password is in a file that it names

    **Example:**

    .. code:: python

        former.rewound(
            name="Rewound to where the primary went on",
            version=15,
            primary="host=pg2 user=replicator dbname=postgres passfile=/etc/tracseq/postgres/passfile",
        )
    """
    server: ServerState = yield Reading(Server)
    cluster = server.cluster
    if cluster and not _primary(cluster):
        host.noop("it is no former primary")
        return
    if cluster and cluster.running:
        yield StringCommand(shell.failed(RUNS))
        return
    beside: Directory = yield Reading(DataDirectory, version=version)
    waits = cluster is None
    if waits and not beside.rewound:
        host.noop("there is no data")
        return
    place = shell.data_directory(version)
    new, done = f"{place}.tracseq-rewinding", f"{place}.{REWOUND}"
    program, postgres = f"/usr/lib/postgresql/{version}/bin", "runuser -u postgres --"
    rewinding = [
        # Of one that was killed while it was rewound nobody knows what it is.
        f"rm -rf -- {new} {done}",
        f"mv -T -- {place}.{COPY} {new}",
        f"rm -f -- {new}/postmaster.pid",
        # A server that crashed replays its WAL first. Its settings name the directory that is not to be touched.
        f"{program}/pg_controldata -D {new} | grep -q '^Database cluster state: *shut down$' ||",
        f"  {postgres} {program}/postgres --single -F -D {new}"
        f" -c config_file=/etc/postgresql/{version}/main/postgresql.conf -c data_directory={new}"
        " template1 </dev/null >&2",
        f"if ! {postgres} {program}/pg_rewind --target-pgdata={new} --source-server={shlex.quote(primary)}"
        " --no-ensure-shutdown >&2; then",
        f"  echo 'pg_rewind could not do it; why is above. {place} is as it was. Run again. Where it says the same,"
        " have the data copied anew: --data anew=true' >&2",
        "  exit 1",
        "fi",
        # Within it before it is in place: without it, it would come up as a second primary.
        f"{postgres} touch {new}/standby.signal",
        f"sync --file-system {new}",
        f"mv -T -- {new} {done}",
    ]
    yield script(
        "export LC_ALL=C",
        "cd /",
        *shell.alone_with_the_data(),
        # It may be waiting for leave to start, as a primary.
        f"systemctl stop {shell.unit(version)}",
        *([] if waits else [*rewinding, _aside(version)]),
        f"mv -T -- {done} {place}",
        f"sync --file-system {place}",
        shell.unfailed(version),
    )


@operation
def set_aside(version: int) -> Steps:
    """
    Have a stopped former primary's data out of the way of a copy: its name becomes ``main.before-`` and the time.

    + version: of Postgres

    **Example:**

    .. code:: python

        former.set_aside(name="Its data is out of the way", version=15)
    """
    server: ServerState = yield Reading(Server)
    cluster = server.cluster
    if not _primary(cluster):
        host.noop("it is no former primary")
        return
    if cluster.running:
        yield StringCommand(shell.failed(RUNS))
        return
    yield script(
        "cd /",
        *shell.alone_with_the_data(),
        f"systemctl stop {shell.unit(version)}",
        f"rm -rf -- {shell.data_directory(version)}.tracseq-*",
        _aside(version),
        shell.unfailed(version),
    )


def _primary(cluster: Cluster | None) -> TypeGuard[Cluster]:
    """Whether there is the data of a primary, running or not."""
    return cluster is not None and cluster.contents is None and not cluster.replica


def _aside(version: int) -> str:
    """Shell: the data gets a name under which it is kept."""
    place = shell.data_directory(version)
    return f'mv -T -- {place} {place}.before-"$(date --utc +%Y%m%dT%H%M%SZ)"'
