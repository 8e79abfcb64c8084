"""The pool in front of a host's server: whether it serves, and how many wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyinfra.api import FactBase

from deploys.facts.postgres.state import CLUSTER, DATA


@dataclass(frozen=True)
class PoolState:
    """PgBouncer on a host."""

    active: bool = False
    """Whether its unit runs: in front of a replica it only waits there."""
    server: bool = False
    """Whether its server runs, without which it does not."""
    replica: bool = False
    """Whether its server is a replica, in front of which nobody listens."""
    serves: bool = False
    clients: int = 0
    waiting: int = 0
    """Clients that wait for a connection of the server."""
    busy: int = 0
    """Connections of the server that a client has at this moment."""
    idle: int = 0
    longest: float = 0.0
    """How many seconds the first of those that wait has waited."""


class Pool(FactBase[PoolState]):
    """
    The pool of a host.

    + port: its port
    + database: whose clients are counted
    """

    def command(self, port: int, database: str) -> str:
        return f"""
cd /
echo "active	$(systemctl show --property=ActiveState --value pgbouncer.service)"
for data in {DATA}/*/{CLUSTER}; do
  pid=$(sed -n 1p "$data/postmaster.pid" 2>/dev/null)
  [ "$(cat "/proc/${{pid:-none}}/comm" 2>/dev/null)" = postgres ] || continue
  echo server
  [ ! -e "$data/standby.signal" ] || echo replica
done
runuser -u pgbouncer -- psql -XAq --pset=footer=off --field-separator='	' --host=/run/pgbouncer \\
  --port={port} --dbname=pgbouncer --command='show pools' 2>/dev/null | sed 's/^/pool\t/'
echo 'database	{database}'
true
"""

    @staticmethod
    def default() -> PoolState:
        return PoolState()

    def process(self, output: list[str]) -> PoolState:
        found: dict[str, Any] = {}
        rows: list[list[str]] = []
        database = ""
        for line in output:
            match line.split("\t"):
                case ["active", state]:
                    found["active"] = state == "active"
                case ["server" | "replica" as what]:
                    found[what] = True
                case ["database", name]:
                    database = name
                case ["pool", *row]:
                    rows.append(row)
        if not rows:
            return PoolState(**found)
        pools = [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]
        own = [pool for pool in pools if pool.get("database") == database]

        def count(name: str) -> int:
            return sum(int(pool[name]) for pool in own)

        return PoolState(
            **found,
            serves=True,
            clients=count("cl_active") + count("cl_waiting"),
            waiting=count("cl_waiting"),
            busy=count("sv_active"),
            idle=count("sv_idle"),
            longest=max((int(pool["maxwait"]) for pool in own), default=0.0),
        )
