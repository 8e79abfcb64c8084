"""How many rows each table of a running server has."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra.api import FactBase

from deploys.facts.postgres.state import CLUSTER, DATA

QUERY = """
select format('select %L, count(*) from only %I.%I', format('%s.%s', nspname, relname), nspname, relname)
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where relkind in ('r', 'm') and relpersistence = 'p'
  and nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg\\_toast%'
order by 1
\\gexec
"""

Counts = Mapping[str, Mapping[str, int]]
"""By database and table."""


class Rows(FactBase[Counts]):
    """The rows of each table, counted one by one: of a large database it takes a while."""

    def command(self) -> str:
        return f"""
cd /
for data in {DATA}/*/{CLUSTER}; do
  pid=$(sed -n 1p "$data/postmaster.pid" 2>/dev/null)
  [ "$(cat "/proc/${{pid:-none}}/comm" 2>/dev/null)" = postgres ] || continue
  query() {{
    runuser -u postgres -- psql -XAtq --dbname="$1" --file=- \\
      --port="$(sed -n 4p "$data/postmaster.pid")" --host="$(sed -n 5p "$data/postmaster.pid")" 2>/dev/null
  }}
  echo "select datname from pg_database where datallowconn and not datistemplate" | query postgres |
  while read -r database; do
    printf 'database\\t%s\\n' "$database"
    query "$database" <<'SQL' | sed "s/^/rows\\t/"
{QUERY}
SQL
  done
done
true
"""

    @staticmethod
    def default() -> Counts:
        return {}

    def process(self, output: list[str]) -> Counts:
        found: dict[str, dict[str, int]] = {}
        database = ""
        for line in output:
            kind, _, said = line.partition("\t")
            if kind == "database":
                database = said
                found[database] = {}
            elif kind == "rows":
                name, _, number = said.rpartition("|")
                found[database][name] = int(number)
        return found
