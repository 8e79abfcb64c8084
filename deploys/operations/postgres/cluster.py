"""The cluster itself: its data directory, and that its server runs with its configuration."""

from __future__ import annotations

import shlex

from pyinfra import host
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.engine.rolling import one_at_a_time
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import ServerState
from deploys.operations.postgres import shell
from deploys.operations.postgres.patroni import restarted
from deploys.operations.script import script


@operation
def created(version: int) -> Steps:
    """
    Have a new, empty cluster on a host that has no data; what is there is left as it is.

    It has data checksums, UTF-8, and the locale C.UTF-8, whose order no upgrade of the C library
    changes. Nothing is started.

    + version: of Postgres

    **Example:**

    .. code:: python

        cluster.created(name="Cluster", version=15)
    """
    current: ServerState = yield Reading(Server)
    if current.cluster is not None:
        host.noop("there is a cluster")
        return
    yield script(*shell.brought(version, f'{made(version)} --pgdata="$new"'))


def made(version: int) -> str:
    """
    Command that makes a new, empty cluster; its ``--pgdata`` is to be added.

    + version: of Postgres
    """
    return (
        f"/usr/lib/postgresql/{version}/bin/initdb --username=postgres --encoding=UTF8 --locale=C.UTF-8 "
        "--data-checksums --auth-local=peer --auth-host=scram-sha-256"
    )


def checked(version: int, path: str) -> str:
    """
    Command that refuses a configuration file with a name, a value or a line that is none.

    + version: of Postgres
    + path: of the file
    """
    program = f"/usr/lib/postgresql/{version}/bin/postgres"
    return f"runuser -u postgres -- {program} -C config_file --config-file={path} >/dev/null"


def start(version: int) -> str:
    """
    Shell that starts a server and goes on once it answers, or once systemd says that it runs.

    Debian's pg_ctlcluster asks every half second until it has had three answers, and systemd waits
    for that: two seconds, in which everything else would wait too.

    + version: of Postgres
    """
    unit = shell.unit(version)
    return f"""
{shell.query(version)}
answers() {{
  {shell.released()} && systemctl --no-block start {unit} || return 1
  until query --command='select 1' >/dev/null 2>&1; do
    case "$(systemctl show --property=ActiveState,Job --value {unit} | tr '\\n' ' ')" in
      "active "*) return 0 ;;
      "failed  "|"failed 0 "|"inactive  "|"inactive 0 ") return 1 ;;
    esac
    sleep 0.1
  done
}}
answers"""


def reload(version: int, restart: bool = False) -> str:
    """
    Shell with which a running server takes up its configuration. It fails with the server's own
    words where that refuses a line.

    + version: of Postgres
    + restart: whether it is restarted for a setting that needs that; else the setting waits (default false)
    """
    loaded = "query --command='select pg_conf_load_time()'"
    restarted = f"""\
  pending=$(query --command='select count(*) from pg_settings where pending_restart') || return 1
  [ "$pending" = 0 ] || {{ {shell.released()} && systemctl restart {shell.unit(version)}; }}
"""
    return f"""
{shell.query(version)}
take_up() {{
  before=$({loaded}) && systemctl reload {shell.unit(version)} || return 1
  tries=0
  until [ "$({loaded})" != "$before" ] || [ $tries = 50 ]; do tries=$((tries + 1)); sleep 0.1; done
  refused=$(query --command={shlex.quote(shell.REFUSED)}) || return 1
  [ -z "$refused" ] || {{ echo "$refused" >&2; return 1; }}
  [ $tries != 50 ] || {{ echo 'It did not read its configuration within 5 s.' >&2; return 1; }}
{restarted if restart else ""}}}
take_up"""


@operation
def settled(version: int, restart: bool = False, by_patroni: bool = False) -> Steps:
    """
    Have a server that answers, and understands all of its files.

    It fails where the server does not answer, or does not understand a line of pg_hba.conf.

    + version: of Postgres
    + restart: whether it is restarted where a setting waits for that (default false)
    + by_patroni: whether Patroni keeps the server, and restarts it (default no)

    **Example:**

    .. code:: python

        cluster.settled(name="No setting waits for a restart", version=15, restart=True)
    """
    server: ServerState = yield Reading(Server)
    current = server.cluster
    if current and current.silence:
        yield StringCommand(shell.failed(f"The server runs, but does not answer: {current.silence}"))
        return
    if current and current.answer and current.answer.refused:
        yield StringCommand(shell.failed("\n".join(current.answer.refused)))
        return
    if current is None or current.answer is None or not current.answer.pending:
        host.noop("no setting waits for a restart")
        return
    if not restart:
        host.noop(f"{', '.join(current.answer.pending)}: waits for a restart")
        return
    with one_at_a_time("postgres"):
        yield script(restarted() if by_patroni else shell.restarted(version))
