"""What a migration did is taken back, while no gateway runs."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import gevent
from pyinfra import host, logger, state
from pyinfra.api.exceptions import OperationError, PyinfraError

from deploys.engine import elsewhere
from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.migrations import PACKAGE
from deploys.facts.postgres.running import asked
from deploys.facts.release import Revision
from deploys.operations.backup import pointed
from deploys.operations.script import script

BASE = "base"
"""What Alembic calls a database before its first migration."""
WITHIN = 600
"""Seconds that a database is asked at which migration it is, after one that failed."""
LOCK = 7_265_119_004
"""The advisory lock that a migration holds in its transaction (the gateway's migrations/env.py)."""


@operation
def made(
    directory: str,
    release: str,
    run_as: str,
    revisions: Sequence[str],
    to: str,
    database: str,
    server: str,
    environment: str,
    stops: Sequence[str],
    units: Sequence[str],
    holder: str | None = None,
    point: str = "",
    owner: str = "",
) -> Steps:
    """
    Have a database as it was before some migrations, and nothing running that needs them.

    Postgres does all of it or nothing. Where it does nothing, what was stopped is started again; where it is done
    that stays stopped, also through a boot: it gets a release that the database is for.

    + directory: holds ``releases/``
    + release: the name of one that knows the migrations
    + run_as: shell that runs a command as the user that its program runs as
    + revisions: those that go
    + to: the one that the database is at afterwards
    + database: its name
    + server: the host of the inventory whose server has it
    + environment: variables for the program, as lines that a shell reads; it may hold secrets
    + stops: what the inventory calls the hosts on which all is stopped that uses it
    + units: canonical names of what is stopped there, where there is such a unit; what would start another comes first
    + holder: what the inventory calls the host that makes a restore point, once all is stopped; None: nobody does
    + point: the name of that
    + owner: the system user there that owns the repository of backups

    **Example:**

    .. code:: python

        downgrade.made(
            name="Tables are those from before",
            directory="/opt/tracseq/gateway",
            release="2.0.0-0a1b2c3d4e",
            run_as="setpriv --reuid=tracseq --regid=tracseq --init-groups",
            revisions=["0003"],
            to="0002",
            database="tracseq",
            server="pg1",
            environment=text,
            stops=["gw1", "gw2"],
            units=["tracseq-gateway.socket", "tracseq-gateway.service"],
        )
    """
    current: str | None = yield Reading(Revision, server=server, database=database)
    if (current or BASE) == to:
        host.noop(f"{database} is at {to}")
        return
    if current not in revisions:
        raise OperationError(
            f"{database} on {server} is to be at migration {revisions[-1]} or {to}, and says {current or 'nothing'}. "
            "No gateway was stopped; see to Postgres (deploys/status.py), and run this again."
        )
    with _stopped(stops, units, database, server, revisions, to):
        if holder and state.is_executing:
            elsewhere.done(holder, pointed(point, owner))
        yield script(
            "variables=$(mktemp /run/tracseq/stage.XXXXXX)",
            'trap \'rm -f "$variables" "$variables.said"\' EXIT',
            'cat > "$variables"',
            f"cd {shlex.quote(directory)}/releases/{shlex.quote(release)}",
            f"set -- {PACKAGE}/alembic.ini",
            'if ! ( set -a; . "$variables"; set +a; '
            f'exec {run_as} bin/python -m alembic -c "$1" downgrade {shlex.quote(to)} ) > "$variables.said" 2>&1; then',
            '  tail -n 5 "$variables.said" >&2',
            f"  echo {shlex.quote(f'{database} is as it was: Postgres takes back all of it or nothing.')} >&2",
            "  exit 1",
            "fi",
            stdin=environment,
        )


@contextmanager
def _stopped(
    targets: Sequence[str], units: Sequence[str], database: str, server: str, revisions: Sequence[str], to: str
) -> Iterator[None]:
    """Have units stopped on hosts, and started again where what is done meanwhile fails and was not done."""
    if not state.is_executing:
        yield
        return
    try:
        # All are told before one is waited for: what each has begun may take until its timeout to end.
        for waits in (False, True):
            for target in targets:
                elsewhere.done(target, script(*_each(units, _stop(waits))))
        yield
    except BaseException:
        _back(targets, units, database, server, revisions, to)
        raise


def _stop(waits: bool) -> str:
    return 'systemctl stop "$unit"' if waits else 'systemctl --quiet disable "$unit"; systemctl --no-block stop "$unit"'


def _each(units: Sequence[str], act: str) -> list[str]:
    """Shell: do it to each unit that the host has."""
    return [
        f"for unit in {' '.join(map(shlex.quote, units))}; do",
        '  [ "$(systemctl show --property=LoadState --value "$unit")" = loaded ] || continue',
        f"  {act}",
        "done",
    ]


def _back(
    targets: Sequence[str], units: Sequence[str], database: str, server: str, revisions: Sequence[str], to: str
) -> None:
    found = _found(database, server)
    if found not in revisions:
        says = f"is at {to} all the same" if found == to else "does not say at which migration it is"
        logger.warning(f"{database} {says}: the gateways stay stopped. Run this again, and it is finished.")
        return
    for target in targets:
        try:
            elsewhere.done(target, script(*_each(units, 'systemctl --quiet enable --now "$unit"')))
        except PyinfraError as error:
            # The others still come back, and the run fails with what led here.
            logger.error(f"{target} did not come back: {error}")
        else:
            logger.warning(f"{target} is back with the release that it had.")


def _found(database: str, server: str) -> str | None:
    """The revision of a database that nobody migrates any more; None where it has none, or does not say so in time."""
    held, end = script(asked(f"SELECT 'held' FROM pg_advisory_xact_lock({LOCK})", database)), time.monotonic() + WITHIN
    while time.monotonic() < end:
        try:
            # Where the connection was lost, the migration goes on, and holds the lock until it is done or taken back.
            if "held" in [line.strip() for line in elsewhere.done(server, held)]:
                said = elsewhere.done(server, script(Revision().command(database=database)))
                return next((line.strip() for line in said if line.strip()), None)
        except PyinfraError as error:
            logger.warning(f"{server} does not say at which migration {database} is: {error}")
        gevent.sleep(1)
    return None
