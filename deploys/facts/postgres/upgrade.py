"""What an upgrade of a host's Postgres to another major version meets there, and what is left of one that was begun."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.postgres.state import CLUSTER, DATA

WORK = f"{CLUSTER}.tracseq-upgrade"
"""Beside the new cluster's place: the directory in which it is made, there until all is done."""
ASIDE = f"{CLUSTER}.before-"
"""How the name begins of old data that was put aside; the new version follows."""

# An index is in the order of its collation. Only C, C.* and POSIX have one that never changes, and no version.
VERSIONED = """
  from pg_index, unnest(indcollation) as used(id) join pg_collation on pg_collation.oid = used.id
  where coalesce(pg_collation_actual_version(pg_collation.oid), case when collprovider = 'd' then
    (select pg_database_collation_actual_version(oid) from pg_database where datname = current_database()) end)
    is not null
"""
"""What follows a select of the indexes of a database whose order may change with a library."""
COUNTED = f"""
select 'counted', (select count(*) from pg_class where relkind in ('r', 'i', 't', 'm', 'S')),
  (select count(distinct indexrelid) {VERSIONED}), (select count(*) from pg_tablespace where spcname !~ '^pg_');
select 'extension', extname from pg_extension;
"""


@dataclass(frozen=True)
class UpgradeState:
    """What an upgrade meets on a host."""

    begun: tuple[int, int] | None = None
    """From which version to which one was begun, where one is not finished."""
    left: bool = False
    """Whether the server that runs is one that pg_upgrade had started, and that outlived it."""
    size: int = 0
    """Of the cluster that runs, in bytes."""
    free: int = 0
    """Bytes that are free where the data is."""
    relations: int = 0
    """Tables, indexes and sequences of all its databases."""
    reordered: int = 0
    """Indexes of all its databases whose order may change with a library."""
    tablespaces: int = 0
    """Those outside of its data directory."""
    missing: frozenset[str] = field(default_factory=frozenset)
    """Extensions that its databases have, and the new version's programs do not."""
    aside: tuple[str, ...] = ()
    """Directories of old data that was put aside."""


class Upgrade(FactBase[UpgradeState]):
    """
    What an upgrade meets on a host.

    + version: of Postgres to which the host is upgraded
    """

    def command(self, version: int) -> str:
        return f"""
cd /
printf 'free\\t%s\\n' "$(df --block-size=1 --output=avail {DATA} 2>/dev/null | tail -n 1)"
for work in {DATA}/*/{WORK}; do
  [ ! -f "$work/from" ] || printf 'begun\\t%s\\t%s\\n' "$(cat "$work/from")" "$(basename "$(dirname "$work")")"
done
for aside in {DATA}/*/{ASIDE}*; do
  [ ! -d "$aside" ] || printf 'aside\\t%s\\n' "$aside"
done
statement=$(cat <<'SQL'
{COUNTED}
SQL
)
for data in {DATA}/*/{CLUSTER}; do
  pid=$(sed -n 1p "$data/postmaster.pid" 2>/dev/null)
  [ "$(cat "/proc/${{pid:-none}}/comm" 2>/dev/null)" = postgres ] || continue
  case $(sed -n 5p "$data/postmaster.pid") in */{WORK}) echo left ;; esac
  printf 'size\\t%s\\n' "$(du -s --block-size=1 "$data" | cut -f 1)"
  ask() {{
    timeout 60 runuser -u postgres -- psql -XAtq --field-separator="$(printf '\\t')" \\
      --port="$(sed -n 4p "$data/postmaster.pid")" --host="$(sed -n 5p "$data/postmaster.pid")" "$@" 2>/dev/null
  }}
  ask --dbname=postgres --command='select datname from pg_database where datallowconn' |
    while IFS= read -r database; do
      ask --dbname="dbname='$(printf %s "$database" | sed "s/[\\\\']/\\\\\\\\&/g")'" --command="$statement" </dev/null
    done | while IFS="$(printf '\\t')" read -r kind first rest; do
      [ $kind = counted ] || [ ! -e "/usr/share/postgresql/{version}/extension/$first.control" ] || continue
      printf '%s\\t%s\\t%s\\n' "$kind" "$first" "$rest"
    done
done
true
"""

    @staticmethod
    def default() -> UpgradeState:
        return UpgradeState()

    def process(self, output: list[str]) -> UpgradeState:
        rows = [line.rstrip("\t").split("\t") for line in output]
        numbers = {row[0]: int(row[1]) for row in rows if row[0] in ("free", "size")}
        counted = [[int(number) for number in row[1:]] for row in rows if row[0] == "counted"]
        return UpgradeState(
            begun=next(((int(row[1]), int(row[2])) for row in rows if row[0] == "begun"), None),
            left=["left"] in rows,
            size=numbers.get("size", 0),
            free=numbers.get("free", 0),
            relations=sum(row[0] for row in counted),
            reordered=sum(row[1] for row in counted),
            tablespaces=max((row[2] for row in counted), default=0),
            missing=frozenset(row[1] for row in rows if row[0] == "extension"),
            aside=tuple(row[1] for row in rows if row[0] == "aside"),
        )
