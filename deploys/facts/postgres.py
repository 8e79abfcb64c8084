"""What a host's Postgres server says of itself, and what is on its disk, in one reading."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import FactBase

DATA = "/var/lib/postgresql"
"""Below it is a directory a version, and in that one a directory a cluster (pg_lsclusters(1))."""
CLUSTER = "main"
OF_DEBIAN = {"12": 15, "13": 17}
"""The version that each Debian release brings."""
PATIENCE = 30
"""Seconds that a server which is just starting may take to answer."""

SLOT_PREFIX = "tracseq_"
"""The slots whose names begin with it are the site's; no other is touched."""

LIMITS = {
    "max_connections": "max_connections",
    "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders",
    "max_prepared_transactions": "max_prepared_xacts",
    "max_locks_per_transaction": "max_locks_per_xact",
}
"""Settings that a replica must not have lower than its primary, and what pg_controldata calls them."""

# The verifiers of passwords stay on the server: their salt and a digest are enough to compare them.
QUERY = """
select json_build_object(
  'recovery', pg_is_in_recovery(),
  'timeline', case when pg_is_in_recovery()
    then coalesce((select received_tli from pg_stat_wal_receiver),
                  (select timeline_id from pg_control_checkpoint()))
    else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end,
  'receiver', (select json_build_object('status', status, 'host', sender_host, 'slot', slot_name)
    from pg_stat_wal_receiver),
  'pending', (select coalesce(json_agg(name order by name), '[]') from pg_settings
    where pending_restart),
  'altered', (select coalesce(json_object_agg(name, setting), '{}') from pg_file_settings
    where sourcefile ~ '/postgresql\\.auto\\.conf$'),
  'refused', (select coalesce(json_agg(format('%s, line %s: %s',
      current_setting('hba_file'), line_number, error)), '[]') from pg_hba_file_rules
    where error is not null),
  'limits', (select json_object_agg(name, setting::int) from pg_settings where name in (
    'max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions',
    'max_locks_per_transaction')),
  'roles', (select json_object_agg(rolname, json_build_object(
      'attributes', array_remove(array[
        case when rolcanlogin then 'LOGIN' end, case when rolreplication then 'REPLICATION' end,
        case when rolsuper then 'SUPERUSER' end, case when rolcreatedb then 'CREATEDB' end,
        case when rolcreaterole then 'CREATEROLE' end, case when rolbypassrls then 'BYPASSRLS' end],
        null),
      'member_of', array(select granted.rolname from pg_auth_members as membership
        join pg_roles as granted on granted.oid = membership.roleid
        where membership.member = pg_authid.oid),
      'scram', case when rolpassword like 'SCRAM-SHA-256$%'
        then split_part(rolpassword, '$', 2) end,
      'digest', encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex')))
    from pg_authid where rolname !~ '^pg_'),
  'databases', (select json_object_agg(datname, pg_get_userbyid(datdba)) from pg_database),
  'slots', (select coalesce(json_object_agg(slot_name, json_build_object(
      'active', active, 'wal_status', wal_status)), '{}')
    from pg_replication_slots where slot_type = 'physical'))
"""


@dataclass(frozen=True)
class Role:
    """A role of the server."""

    attributes: frozenset[str] = frozenset()
    member_of: frozenset[str] = frozenset()
    scram: str | None = None
    """Iterations and salt of its SCRAM-SHA-256 verifier, as in it: ``4096:<base64>``."""
    digest: str | None = None
    """SHA-256 of the whole verifier, hexadecimal."""


@dataclass(frozen=True)
class Slot:
    """A physical replication slot."""

    active: bool
    wal_status: str | None = None

    @property
    def lost(self) -> bool:
        """Whether the server has removed what its replica has not yet received."""
        return self.wal_status == "lost"


@dataclass(frozen=True)
class Answer:
    """What a running server says of itself."""

    recovery: bool
    timeline: int | None = None
    receiver: Mapping[str, str | None] = field(default_factory=dict)
    """Of a replica: the status of its connection, the host it follows, the slot it holds there."""
    pending: tuple[str, ...] = ()
    """Settings that wait for a restart."""
    altered: Mapping[str, str] = field(default_factory=dict)
    """Settings that somebody made with ALTER SYSTEM; they win over the configuration file."""
    refused: tuple[str, ...] = ()
    """Lines of pg_hba.conf that the server does not understand."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """The settings of ``LIMITS``."""
    roles: Mapping[str, Role] = field(default_factory=dict)
    databases: Mapping[str, str] = field(default_factory=dict)
    """The owner of each database."""
    slots: Mapping[str, Slot] = field(default_factory=dict)


@dataclass(frozen=True)
class Cluster:
    """A data directory with something in it."""

    version: int
    contents: str | None = None
    """Some names in it, where it is something else than a complete cluster."""
    identifier: str | None = None
    """The system identifier: the same on a primary and all its replicas, and nowhere else."""
    timeline: int | None = None
    """Of its last checkpoint."""
    state: str | None = None
    """As pg_controldata words it, such as "shut down"."""
    required: Mapping[str, int] = field(default_factory=dict)
    """The settings of ``LIMITS`` as they were on the primary when it wrote what is here last."""
    replica: bool = False
    """Whether it comes up as a replica: whether standby.signal is there."""
    running: bool = False
    answer: Answer | None = None
    silence: str | None = None
    """Why a running server gave no answer."""
    complaint: str | None = None
    """The last that the server of a replica wrote to its log of something that failed."""

    @property
    def primary(self) -> bool:
        """Whether it is a running server that takes writes."""
        return self.answer is not None and not self.answer.recovery

    @property
    def known_timeline(self) -> int | None:
        """The timeline it is on, by the running server if there is one."""
        return self.answer.timeline if self.answer else self.timeline


@dataclass(frozen=True)
class ServerState:
    """Postgres on a host."""

    debian: str | None = None
    memory: int = 0
    """The host's memory in bytes."""
    installed: frozenset[int] = frozenset()
    """Major versions whose server is installed."""
    clusters: Mapping[int, Cluster] = field(default_factory=dict)
    """The clusters with data, by version."""

    @property
    def version(self) -> int:
        """The version that this host's server has or, before it is installed, will have."""
        if self.clusters:
            running = [cluster.version for cluster in self.clusters.values() if cluster.running]
            return max(running or self.clusters)
        if self.installed:
            return max(self.installed)
        return OF_DEBIAN.get(self.debian or "", max(OF_DEBIAN.values()))

    @property
    def cluster(self) -> Cluster | None:
        """The cluster ``main``; None where there is no data."""
        return self.clusters.get(self.version)


def slot_name(host: str) -> str:
    """
    The name of a host's slot: Postgres takes lower-case letters, digits and underscores only.

    + host: its name in the inventory
    """
    return SLOT_PREFIX + re.sub(r"[^a-z0-9_]", "_", host.lower())


class Server(FactBase[ServerState]):
    """
    The host's cluster ``main``: what is on disk, whether it runs, and what it then says of itself.
    """

    def command(self) -> str:
        return f"""
cd /
query=$(cat <<'SQL'
{QUERY}
SQL
)
asked() {{
  timeout 20 runuser -u postgres -- \\
    psql -XAtq --host="$2" --port="$1" --dbname=postgres --command="$query" 2>&1
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
  for signal in standby.signal recovery.signal; do
    [ ! -e "$data/$signal" ] || printf 'replica\\t%s\\n' "$version"
  done
  LC_ALL=C "/usr/lib/postgresql/$version/bin/pg_controldata" -D "$data" 2>/dev/null |
    sed -n "s/^\\(Database .*\\|Latest checkpoint's TimeLineID\\|max_.* setting\\): */control\\t$version\\t\\1\\t/p"
  pid=$(sed -n 1p "$data/postmaster.pid" 2>/dev/null)
  [ "$(cat "/proc/${{pid:-none}}/comm" 2>/dev/null)" = postgres ] || continue
  printf 'running\\t%s\\n' "$version"
  [ ! -e "$data/standby.signal" ] ||
    tail -c 100000 "/var/log/postgresql/postgresql-$version-{CLUSTER}.log" 2>/dev/null |
    grep -a ' FATAL: \\| ERROR: ' | tail -n 1 | tr '\t' ' ' | sed "s/^/complaint\t$version\t/"
  port=$(sed -n 4p "$data/postmaster.pid")
  socket=$(sed -n 5p "$data/postmaster.pid")
  tries=0
  until said=$(asked "$port" "$socket"); do
    tries=$((tries + 1))
    case $said in *"starting up"*|*"No such file"*) ;; *) break ;; esac
    [ $tries -lt {PATIENCE} ] && sleep 1 || break
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
                case ["replica" | "running" as what, version]:
                    clusters[int(version)][what] = True
                case ["control", version, "Database system identifier", value]:
                    clusters[int(version)]["identifier"] = value
                case ["control", version, "Database cluster state", value]:
                    clusters[int(version)]["state"] = value
                case ["control", version, "Latest checkpoint's TimeLineID", value]:
                    clusters[int(version)]["timeline"] = int(value)
                case ["control", version, name, value] if name.endswith(" setting"):
                    limits = [limit for limit, short in LIMITS.items() if f"{short} setting" == name]
                    clusters[int(version)].setdefault("required", {}).update(dict.fromkeys(limits, int(value)))
                case ["complaint", version, said]:
                    clusters[int(version)]["complaint"] = said
                case ["said", version, said]:
                    clusters[int(version)] |= _answer(said)
        return ServerState(
            debian,
            memory,
            frozenset(installed),
            {version: Cluster(version, **values) for version, values in clusters.items()},
        )


def _answer(said: str) -> dict[str, Any]:
    """What psql printed: the server's answer, or why there is none."""
    try:
        found = json.loads(said)
    except ValueError:
        return {"silence": said.strip() or "nothing within 20 s"}
    return {
        "answer": Answer(
            recovery=found["recovery"],
            timeline=found["timeline"],
            receiver=found["receiver"] or {},
            pending=tuple(found["pending"]),
            altered=found["altered"],
            refused=tuple(found["refused"]),
            limits=found["limits"],
            roles={
                name: Role(
                    frozenset(role["attributes"]),
                    frozenset(role["member_of"]),
                    role["scram"],
                    role["digest"],
                )
                for name, role in found["roles"].items()
            },
            databases=found["databases"],
            slots={name: Slot(**slot) for name, slot in found["slots"].items()},
        )
    }
