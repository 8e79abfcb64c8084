"""Indexes whose order comes with a library: a newer one may have another, and only building them anew helps."""

from __future__ import annotations

from deploys.facts.postgres.upgrade import VERSIONED
from deploys.operations.postgres import shell

# REINDEX knows no collation's version: pg_upgrade gives those that Postgres brings the one of the new library.
REINDEX = f"""
select distinct format('REINDEX INDEX %s;', indexrelid::regclass) {VERSIONED};
select format('ALTER COLLATION %I.%I REFRESH VERSION;', nspname, collname)
  from pg_collation, pg_namespace where pg_namespace.oid = collnamespace and collversion is not null
  and nspname <> 'pg_catalog';
select format('ALTER DATABASE %I REFRESH COLLATION VERSION;', datname)
  from pg_database where datname = current_database() and datcollversion is not null;
"""


def noted(old: int) -> str:
    """Shell: note which indexes are to be built anew; the running old server knows them."""
    return f"""{shell.query(old)}
query --command='select datname from pg_database where datallowconn' | while IFS= read -r database; do
  query --dbname="dbname='$(printf %s "$database" | sed "s/[\\\\']/\\\\\\\\&/g")'" >"$work/found" <<'SQL'
set search_path = pg_catalog;
{REINDEX}
SQL
  [ -s "$work/found" ] || continue
  printf '\\\\connect "%s"\\n' "$(printf %s "$database" | sed 's/"/""/g')"
  cat "$work/found"
done > "$work/reindex.sql"
rm -f "$work/found\""""


def rebuilt(new: int) -> list[str]:
    """
    Shell: indexes are in the order of the new libraries; the new server must run, in the directory of the upgrade.

    + new: its version
    """
    return [
        f'runuser -u postgres -- {shell.programs(new)}/psql -XAtq --set=ON_ERROR_STOP=1 --host="$work" '
        '--dbname=postgres --file="$work/reindex.sql"',
    ]
