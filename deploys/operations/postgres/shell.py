"""The shell that the operations on Postgres share."""

from __future__ import annotations

import shlex

from deploys.facts.postgres.data_directory import COPY, REWOUND
from deploys.facts.postgres.state import CLUSTER, DATA, SUPERSEDED

REFUSED = (
    "select format('%s, line %s: %s %s', sourcefile, sourceline, name, error)"
    " from pg_file_settings where error is not null"
    " and coalesce(name, '') not in (select name from pg_settings where pending_restart)"
    # Of a line that is gone nothing but this sentence says which setting it was.
    " and error not like 'parameter % cannot be changed without restarting the server'"
    " union all"
    " select format('%s, line %s: %s', current_setting('hba_file'), line_number, error)"
    " from pg_hba_file_rules where error is not null"
)
"""Query: the lines of its files that a running server does not take, but for settings that wait for a restart."""


HANDED_OVER = "/run/tracseq/postgres-handed-over"
"""The file that says for a minute that the primary was stopped in order: see tracseq-fence."""


def data_directory(version: int) -> str:
    """Where the data of the host's cluster is."""
    return f"{DATA}/{version}/{CLUSTER}"


def programs(version: int) -> str:
    """Where a version's programs are."""
    return f"/usr/lib/postgresql/{version}/bin"


def unit(version: int) -> str:
    """The cluster's unit; postgresql.service is only a name for all of them."""
    return f"postgresql@{version}-{CLUSTER}.service"


def log_file(version: int) -> str:
    """Where Debian has the server write what it has to say."""
    return f"/var/log/postgresql/postgresql-{version}-{CLUSTER}.log"


def query(version: int) -> str:
    """Shell: a function ``query`` that is psql, as the superuser of the running server."""
    running = f"{data_directory(version)}/postmaster.pid"
    return (
        "cd /\n"
        "query() {\n"
        "  runuser -u postgres -- psql -XAtq --set=ON_ERROR_STOP=1 --dbname=postgres"
        f' --port="$(sed -n 4p {running})" --host="$(sed -n 5p {running})" "$@"\n'
        "}"
    )


def released() -> str:
    """
    Shell: have the next start of the server ask no other host whether another one was promoted.

    A run has asked the servers themselves, and may be at work before any other host can answer.
    """
    return "install -D --mode=644 /dev/null /run/tracseq/postgres-released"


def handed_over() -> str:
    """Shell: let the promotion that follows not wait until every host has heard of it: nobody else can take writes."""
    return f"install -D --mode=644 /dev/null {HANDED_OVER}"


def restarted(version: int) -> str:
    """Shell: restart the server, or end with the last lines of its log."""
    return (
        f"{released()}\n"
        f"if ! systemctl restart {unit(version)}; then\n"
        f"  tail -n 20 {log_file(version)} >&2\n"
        f"  echo '{unit(version)} did not start; the last lines of its log are above.' >&2\n"
        "  exit 1\n"
        "fi"
    )


def unfailed(version: int) -> str:
    """Shell: have systemd forget that the server failed: its fence kept it from starting, as it should."""
    return f"systemctl reset-failed {unit(version)} 2>/dev/null || true"


def failed(problem: str) -> str:
    """Shell: end with a sentence that says what is wrong."""
    return f"echo {shlex.quote(problem)} >&2; exit 1"


def alone_with_the_data() -> list[str]:
    """Shell: wait for what a killed run left working on the host's data directory, and go on alone."""
    return ["mkdir -p /run/tracseq", "exec 9>/run/tracseq/postgres-data", "flock 9"]


def brought(version: int, *makers: str, superseded: bool = False) -> list[str]:
    """
    Shell: have a complete data directory, where there is none.

    It is made under another name beside its place and moved there when it is complete: what is
    left of one that was killed bears that other name, and is removed. What a killed run left
    working on the host holds the lock, and is waited for.

    + version: of Postgres
    + makers: command lines that make the data directory ``$new``; they run as the user postgres
    + superseded: whether it takes the place of one that is there, of a stopped server; the old one
      is removed once the new one is in place
    """
    place = data_directory(version)
    return [
        "cd /",
        f"new={place}.tracseq-new",
        *alone_with_the_data(),
        *([] if superseded else [f'[ -z "$(ls -A {place} 2>/dev/null)" ] || exit 0']),
        f"if [ -L {place} ] || mountpoint --quiet {place}; then",
        f"  echo '{place} is a link or a mount point, and a cluster cannot be moved there at once:'"
        f" 'have the disk mounted on {DATA}, and {place} not there.' >&2",
        "  exit 1",
        "fi",
        'rm -rf -- "$new"',
        f"install --directory --owner=postgres --group=postgres --mode=755 {DATA}/{version}",
        *(f"runuser -u postgres -- {maker} >/dev/null" for maker in makers),
        *([f"rm -rf -- {place}{SUPERSEDED}", f"mv -T -- {place} {place}{SUPERSEDED}"] if superseded else []),
        f'mv -T -- "$new" {place}',
        # What a rejoin has left that was killed is of no use beside a new copy.
        f"rm -rf -- {place}.{COPY} {place}.{REWOUND}",
        *([f"rm -rf -- {place}{SUPERSEDED}"] if superseded else []),
    ]
