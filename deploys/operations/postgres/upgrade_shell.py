"""The shell that an upgrade to another major version is made of."""

from __future__ import annotations

import shlex

from deploys.facts.postgres.state import DATA
from deploys.facts.postgres.upgrade import ASIDE, WORK
from deploys.operations.postgres import cluster, collations, shell


def work(new: int) -> str:
    """Where an upgrade keeps what it has not finished."""
    return f"{DATA}/{new}/{WORK}"


def emptied(new: int) -> list[str]:
    """Shell: an empty directory beside the new data's place; what an earlier run left in it goes."""
    return [
        f"work={work(new)}",
        'rm -rf -- "$work"',
        f"install --directory --owner=postgres --group=postgres --mode=755 {DATA}/{new}",
        'install --directory --owner=postgres --group=postgres --mode=700 "$work"',
    ]


def begun(old: int, new: int) -> list[str]:
    """Shell: what must come before the old server stops was done, so whatever becomes of this run, the next goes on."""
    return [f"echo {old} > {work(new)}/from", "sync"]


def given_up(new: int) -> list[str]:
    """Shell: no next run goes on from here."""
    return [f"rm -f {work(new)}/from"]


def prepared(new: int) -> list[str]:
    """Shell: a new cluster in the directory for it, empty, with the settings of the site's."""
    return [
        'rm -rf -- "$work/data"',
        'cd "$work"',
        f'runuser -u postgres -- {cluster.made(new)} --pgdata="$work/data" >/dev/null',
    ]


def pg_upgrade(old: int, new: int, check: bool) -> str:
    """
    Shell: pg_upgrade, which is quiet where all is well; its own words else, and those of its logs.

    The new server has no configuration yet: what the old one's says of libraries and locks, objects may need.
    """
    configuration = f"/etc/postgresql/{old}/main/postgresql.conf"
    said = f"runuser -u postgres -- {shell.programs(old)}/postgres --config-file={configuration} -C"
    return f"""
libraries=$({said} shared_preload_libraries)
locks=$({said} max_locks_per_transaction)
if ! runuser -u postgres -- {shell.programs(new)}/pg_upgrade {"--check " if check else ""}--link --jobs="$(nproc)" \\
  --username=postgres --old-bindir={shell.programs(old)} --new-bindir={shell.programs(new)} \\
  --old-datadir={shell.data_directory(old)} --new-datadir="$work/data" \\
  --old-options='-c config_file={configuration}' \\
  --new-options="-c shared_preload_libraries='$libraries' -c max_locks_per_transaction=$locks" >"$work/said" 2>&1; then
  grep -v ' ok$' "$work/said" >&2
  find "$work/data/pg_upgrade_output.d" '(' -name '*.txt' -o -name '*server.log' ')' -exec tail -n 20 {{}} + >&2
  echo 'pg_upgrade found what is above. {
        "Nothing was stopped or changed." if check else "Nothing of the old data was changed."
    }' >&2
  exit 1
fi
{collations.noted(old) if check else ""}"""


def ended(version: int) -> list[str]:
    """
    Shell: no server runs on a version's data, and none starts with the host.

    One that pg_upgrade had started, and that outlived it, is no unit's.
    """
    data = shell.data_directory(version)
    return [
        f"systemctl stop {shell.unit(version)}",
        *stopped(version, data),
        f"[ ! -e /etc/postgresql/{version}/main ] || echo manual > /etc/postgresql/{version}/main/start.conf",
    ]


def stopped(version: int, data: str) -> list[str]:
    """Shell: no server runs on a data directory, whoever started it. After a power cut its file names any process."""
    return [
        f"pid=$(sed -n 1p {data}/postmaster.pid 2>/dev/null) || true",
        f'if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$(realpath {data})" ]; then',
        f"  runuser -u postgres -- {shell.programs(version)}/pg_ctl -D {data} stop -m fast -w -t 600 >/dev/null",
        "fi",
    ]


def started(version: int, data: str, options: str = "") -> str:
    """Shell: a server runs on a data directory that nobody reaches but from the directory of the upgrade."""
    return (
        f'  runuser -u postgres -- {shell.programs(version)}/pg_ctl -D {data} start -w -t 600 -l "$work/log" '
        f"-o \"{options}-c listen_addresses= -c unix_socket_directories='$work'\" >/dev/null || "
        '{ tail -n 20 "$work/log" >&2; exit 1; }'
    )


def recovered(old: int) -> list[str]:
    """Shell: an old server that lost its power under pg_upgrade ends in order, which it asks for; nobody reaches it."""
    data = shell.data_directory(old)
    return [
        f"if ! LC_ALL=C {shell.programs(old)}/pg_controldata -D {data} | grep --quiet 'state: *shut down$'; then",
        started(old, data, f"-c config_file=/etc/postgresql/{old}/main/postgresql.conf "),
        *stopped(old, data),
        "fi",
    ]


def put_back(old: int, new: int) -> list[str]:
    """Shell: an old cluster that pg_upgrade had begun to link is whole again; no new one has run on its files."""
    control = f"{shell.data_directory(old)}/global/pg_control"
    return [
        f"work={work(new)}",
        *stopped(new, '"$work/data"'),
        f'if [ ! -e "$work/started" ] && [ -e {control}.old ]; then mv -f {control}.old {control}; fi',
    ]


def reindexed(new: int) -> list[str]:
    """
    Shell: indexes are in the order of the new libraries, before any client comes.

    From here on the new server has run, and the old one's data is its own no more.
    """
    return [
        'if [ -s "$work/reindex.sql" ]; then',
        '  touch "$work/started"',
        "  sync",
        started(new, '"$work/data"'),
        *collations.rebuilt(new),
        *stopped(new, '"$work/data"'),
        "fi",
    ]


def put_aside(old: int, new: int) -> list[str]:
    """Shell: old data is beside its place."""
    data = shell.data_directory(old)
    return [f"if [ -e {data} ]; then mv -T -- {data} {DATA}/{old}/{ASIDE}{new}; sync; fi"]


def finished(new: int) -> list[str]:
    """Shell: extensions and statistics, the coarse ones first; then nothing says any more that an upgrade was begun."""
    connection = '--port="$(sed -n 4p $running)" --host="$(sed -n 5p $running)"'
    return [
        f"running={shell.data_directory(new)}/postmaster.pid",
        # Replicas, which may have to have each write, are only copied afterwards.
        "export PGOPTIONS='-c synchronous_commit=local'",
        f"work={work(new)}",
        "cd /",
        'if [ -s "$work/update_extensions.sql" ]; then',
        f'  runuser -u postgres -- psql -XAtq --dbname=postgres {connection} --file="$work/update_extensions.sql"',
        "fi",
        f"runuser -u postgres -- {shlex.quote(shell.programs(new) + '/vacuumdb')} --all --analyze-in-stages --quiet "
        f"{connection} >/dev/null",
        # Its files are those of the new cluster, which has run.
        f'rm -rf -- {DATA}/"$(cat "$work/from")"/{ASIDE}{new}',
        'rm -rf -- "$work"',
    ]
