"""What databases of a running server have of pgvector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.postgres.state import CLUSTER, DATA

EXTENSION = "vector"
QUERY = f"""
select 'version', installed_version, default_version from pg_available_extensions where name = '{EXTENSION}';
select 'setting', split_part(one, '=', 1), substr(one, strpos(one, '=') + 1)
  from pg_db_role_setting, unnest(setconfig) as one
  where setrole = 0 and setdatabase = (select oid from pg_database where datname = current_database());
"""


@dataclass(frozen=True)
class VectorsState:
    """A database."""

    installed: str | None = None
    """The version of its extension; None where it has none."""
    available: str | None = None
    """The version that the server brings; None where it brings none."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What holds in it for all roles (ALTER DATABASE … SET)."""


class Vectors(FactBase[Mapping[str, VectorsState]]):
    """
    What databases of the host's cluster ``main`` have of pgvector, by their names; of one that is not there, nothing.

    + version: of Postgres
    + databases: names of databases
    """

    def command(self, version: int, databases: Sequence[str]) -> str:
        running = f"{DATA}/{version}/{CLUSTER}/postmaster.pid"
        return f"""
cd /
statement=$(cat <<'SQL'
{QUERY}
SQL
)
for database in {" ".join(databases)}; do
  printf 'database\\t%s\\n' "$database"
  [ ! -f {running} ] || timeout 20 runuser -u postgres -- psql -XAtq --field-separator="$(printf '\\t')" \\
    --dbname="$database" --port="$(sed -n 4p {running})" --host="$(sed -n 5p {running})" \\
    --command="$statement" 2>/dev/null
done
true
"""

    @staticmethod
    def default() -> Mapping[str, VectorsState]:
        return {}

    def process(self, output: list[str]) -> Mapping[str, VectorsState]:
        found: dict[str, VectorsState] = {}
        name = ""
        for line in output:
            kind, first, *rest = (*line.split("\t"), "")
            if kind == "database":
                name = first
                found[name] = VectorsState()
                continue
            before = found[name]
            if kind == "version":
                found[name] = VectorsState(first or None, rest[0] or None, before.settings)
            elif kind == "setting":
                settings = {**before.settings, first: rest[0]}
                found[name] = VectorsState(before.installed, before.available, settings)
        return found
