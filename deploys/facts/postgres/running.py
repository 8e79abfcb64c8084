"""How the facts ask a host's Postgres server."""

from __future__ import annotations

import shlex

from deploys.facts.postgres.state import CLUSTER, DATA


def asked(query: str, database: str = "postgres") -> str:
    """
    Shell: what the server that runs answers to a query, as its superuser; nothing where none runs or answers.

    Beside it there may be the cluster of the major version before, which Debian's psql would ask.

    + query: one statement, in SQL
    + database: the database (default ``postgres``)
    """
    return f"""
cd /
for data in {DATA}/*/{CLUSTER}; do
  pid=$(sed -n 1p "$data/postmaster.pid" 2>/dev/null)
  [ "$(cat "/proc/${{pid:-none}}/comm" 2>/dev/null)" = postgres ] || continue
  timeout 20 runuser -u postgres -- psql -XAtq --dbname={shlex.quote(database)} \\
    --port="$(sed -n 4p "$data/postmaster.pid")" --host="$(sed -n 5p "$data/postmaster.pid")" 2>/dev/null <<'SQL'
{query}
SQL
done
true
"""
