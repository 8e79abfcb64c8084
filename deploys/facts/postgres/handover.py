"""What the two servers of a failover are asked while nobody takes writes: no more than that."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase

from deploys.facts.postgres import answer
from deploys.facts.postgres.state import CLUSTER, DATA

QUERY = """
select pg_is_in_recovery(), case when pg_is_in_recovery()
  then greatest(coalesce(pg_last_wal_receive_lsn(), '0/0'), coalesce(pg_last_wal_replay_lsn(), '0/0')) - '0/0'
  else 0 end
"""


@dataclass(frozen=True)
class Standing:
    """Where a running server stands."""

    primary: bool = False
    received: int = 0
    """Of a replica: up to where it has received the WAL, in bytes (pg_lsn)."""


class Stands(FactBase[Standing]):
    """
    Whether the host's server is the primary, and what it has received; neither where it does not answer.

    + version: of Postgres
    """

    def command(self, version: int) -> str:
        running = f"{DATA}/{version}/{CLUSTER}/postmaster.pid"
        return f"""
cd /
timeout 10 setpriv --reuid=postgres --regid=postgres --init-groups \\
  psql -XAtq --dbname=postgres --command="{QUERY.strip()}" \\
  --port="$(sed -n 4p {running} 2>/dev/null)" --host="$(sed -n 5p {running} 2>/dev/null)" 2>/dev/null
true
"""

    @staticmethod
    def default() -> Standing:
        return Standing()

    def process(self, output: list[str]) -> Standing:
        match "".join(output).split("|"):
            case [recovery, received]:
                return Standing(recovery == "f", int(received))
        return Standing()


class Ended(FactBase[int | None]):
    """
    Where the last checkpoint of a stopped server is, after which nothing comes; None where it did not end in order.

    + version: of Postgres
    """

    def command(self, version: int) -> str:
        data = f"{DATA}/{version}/{CLUSTER}"
        return f"LC_ALL=C /usr/lib/postgresql/{version}/bin/pg_controldata -D {data} 2>/dev/null; true"

    @staticmethod
    def default() -> int | None:
        return None

    def process(self, output: list[str]) -> int | None:
        found = dict(line.split(":", 1) for line in output if ":" in line)
        if found.get("Database cluster state", "").strip() != "shut down":
            return None
        return answer.location(found["Latest checkpoint location"].strip())
