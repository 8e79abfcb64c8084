"""What a host's Postgres server says of itself, and what is on its disk, in one reading."""

from __future__ import annotations

from typing import Any

from pyinfra.api import FactBase

from deploys.facts.postgres import answer
from deploys.facts.postgres.state import CLUSTER, DATA, LIMITS, SUPERSEDED, Cluster, ServerState

START_TIMEOUT = 30
"""Seconds that a server which is just starting may take to answer."""


class Server(FactBase[ServerState]):
    """The host's cluster ``main``: what is on disk, whether it runs, and what it then says of itself."""

    def command(self) -> str:
        return f"""
cd /
statement=$(cat <<'SQL'
{answer.QUERY}
SQL
)
query() {{
  timeout 20 runuser -u postgres -- \\
    psql -XAtq --host="$2" --port="$1" --dbname=postgres --command="$statement" 2>&1
}}
printf 'debian\\t%s\\n' "$(sed -n 's/^VERSION_ID="\\(.*\\)"/\\1/p' /etc/os-release)"
sed -n 's/^MemTotal: *\\([0-9]*\\) kB/memory\\t\\1/p' /proc/meminfo
for program in /usr/lib/postgresql/*/bin/postgres; do
  [ ! -x "$program" ] || printf 'installed\\t%s\\n' "$(echo "$program" | cut -d / -f 5)"
done
for data in {DATA}/*/{CLUSTER}; do
  [ -n "$(ls -A "$data" 2>/dev/null)" ] || continue
  version=$(basename "$(dirname "$data")")
  if [ ! -f "$data/PG_VERSION" ] || [ ! -f "$data/global/pg_control" ]; then
    printf 'contents\\t%s\\t%s\\n' "$version" "$(ls -A "$data" | head -n 5 | tr '\\n' ' ')"
    continue
  fi
  printf 'cluster\\t%s\\n' "$version"
  [ ! -e "$data{SUPERSEDED}" ] || printf 'superseded\\t%s\\n' "$version"
  for signal in standby.signal recovery.signal; do
    [ ! -e "$data/$signal" ] || printf 'replica\\t%s\\n' "$version"
  done
  LC_ALL=C "/usr/lib/postgresql/$version/bin/pg_controldata" -D "$data" 2>/dev/null |
    sed -n "s/^\\(Database .*\\|Latest checkpoint.*\\|max_.* setting\\): */control\\t$version\\t\\1\\t/p"
  pid=$(sed -n 1p "$data/postmaster.pid" 2>/dev/null)
  [ "$(cat "/proc/${{pid:-none}}/comm" 2>/dev/null)" = postgres ] || continue
  printf 'running\\t%s\\n' "$version"
  [ ! -e "$data/standby.signal" ] ||
    tail -c 100000 "/var/log/postgresql/postgresql-$version-{CLUSTER}.log" 2>/dev/null |
    grep -a ' FATAL: \\| ERROR: ' | tail -n 1 | tr '\t' ' ' | sed "s/^/complaint\t$version\t/"
  port=$(sed -n 4p "$data/postmaster.pid")
  socket=$(sed -n 5p "$data/postmaster.pid")
  tries=0
  until said=$(query "$port" "$socket"); do
    tries=$((tries + 1))
    case $said in *"starting up"*|*"No such file"*) ;; *) break ;; esac
    [ $tries -lt {START_TIMEOUT} ] && sleep 1 || break
  done
  printf '%s' "$said" | tr '\\n\\t' '  ' | sed "s/^/said\\t$version\\t/"
  echo
done
true
"""

    @staticmethod
    def default() -> ServerState:
        return ServerState()

    def process(self, output: list[str]) -> ServerState:
        clusters: dict[int, dict[str, Any]] = {}
        installed = set()
        debian, memory = None, 0
        for line in output:
            match line.split("\t"):
                case ["debian", number]:
                    debian = number
                case ["memory", kilobytes]:
                    memory = int(kilobytes) * 1024
                case ["installed", version]:
                    installed.add(int(version))
                case ["contents", version, names]:
                    clusters[int(version)] = {"contents": names.strip()}
                case ["cluster", version]:
                    clusters[int(version)] = {}
                case ["replica" | "running" | "superseded" as what, version]:
                    clusters[int(version)][what] = True
                case ["control", version, "Database system identifier", value]:
                    clusters[int(version)]["identifier"] = value
                case ["control", version, "Database cluster state", value]:
                    clusters[int(version)]["state"] = value
                case ["control", version, "Latest checkpoint's TimeLineID", value]:
                    clusters[int(version)]["timeline"] = int(value)
                case ["control", version, "Latest checkpoint location", value]:
                    clusters[int(version)]["checkpoint"] = answer.location(value)
                case ["control", version, name, value] if name.endswith(" setting"):
                    limits = [limit for limit, short in LIMITS.items() if f"{short} setting" == name]
                    clusters[int(version)].setdefault("required", {}).update(dict.fromkeys(limits, int(value)))
                case ["complaint", version, said]:
                    clusters[int(version)]["complaint"] = said
                case ["said", version, said]:
                    clusters[int(version)] |= answer.parse(said)
        return ServerState(
            debian,
            memory,
            frozenset(installed),
            {version: Cluster(version, **values) for version, values in clusters.items()},
        )
