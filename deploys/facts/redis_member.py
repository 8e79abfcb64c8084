"""A Redis server that others replicate, or that replicates another, and the Sentinel beside it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.filled import filled
from deploys.facts.redis_software import Software, other

MASTER = "tracseq"
"""What the Sentinels, and who asks them, call the servers of the site."""
ENOUGH = 1
"""How many replicas a master must hear to take a write."""


@dataclass(frozen=True)
class Ports:
    """
    Where a host's two listen.

    + server: port of the server
    + sentinel: port of the Sentinel
    + replication: port of a server for other servers and for Sentinels; None: that of the server
    """

    server: int
    sentinel: int
    replication: int | None = None

    @property
    def followed(self) -> int:
        """Where servers follow each other, and Sentinels watch them."""
        return self.replication or self.server


@dataclass(frozen=True)
class MemberState:
    """What the two say of themselves, and what is on disk."""

    server: Mapping[str, str] = field(default_factory=dict)
    """Fields of the server's INFO; none where it does not answer."""
    sentinel: Mapping[str, str] = field(default_factory=dict)
    """Fields of the Sentinel's SENTINEL MASTER; none where it does not answer."""
    needs: int | None = None
    """How many replicas the server must hear to take a write, as it runs; None where it does not answer."""
    server_takes: frozenset[str] = frozenset()
    """SHA-256 of the passwords that the server takes."""
    sentinel_takes: frozenset[str] = frozenset()
    """And of those that the Sentinel takes."""
    has_role: bool = False
    """Whether it is on disk who the server was last: a run never says so again."""
    follows: str | None = None
    """The address that it follows, by what is on disk; None where it was the master."""
    watched: str | None = None
    """The address of the master, by what the Sentinel has on disk; None where it never ran."""
    watched_port: int | None = None
    """And its port."""
    known: frozenset[str] = frozenset()
    """Addresses of replicas and other Sentinels that the Sentinel has on disk."""
    data: bool = False
    """Whether there is data on its disk."""
    data_of_other: bool = False
    """Whether there is data of the other software."""

    @property
    def runs(self) -> bool:
        """Whether the server answers."""
        return "role" in self.server

    @property
    def master(self) -> bool:
        """Whether the server says that it is the master."""
        return self.server.get("role") == "master"

    @property
    def version(self) -> str | None:
        """The version of the server; None where it does not answer."""
        # Valkey says of itself, too, which Redis it is like.
        return self.server.get("valkey_version") or self.server.get("redis_version")

    @property
    def replicas(self) -> int:
        """How many replicas are connected to it."""
        return int(self.server.get("connected_slaves", 0))

    @property
    def keys(self) -> bool:
        """Whether the server holds any keys."""
        return any(name.startswith("db") and name[2:].isdecimal() for name in self.server)

    @property
    def named(self) -> str | None:
        """The address of the master as the Sentinel has it now; None where it does not answer."""
        return self.sentinel.get("ip")


def asking(port: int, software: Software) -> str:
    """
    Shell: a program that sends what it reads on standard input to a server, with the site's password.

    + port: that it listens on
    + software: which server it is
    """
    return _asking(port, software, software.configuration)


def asking_sentinel(port: int, software: Software) -> str:
    """
    Shell: a program that sends what it reads on standard input to a Sentinel, with the site's password.

    + port: that it listens on
    + software: which server's it is
    """
    return _asking(port, software, software.sentinel_configuration)


def _asking(port: int, software: Software, configuration: str) -> str:
    # It takes a line's quotes as the server's file does, and what it reads there no process list shows.
    return (
        f"{{ sed -n 's/^requirepass /AUTH /p' {configuration} 2>/dev/null; cat; }} | "
        f"timeout 5 {software.client} -p {port} 2>/dev/null | tr -d '\\r'"
    )


class Member(FactBase[MemberState]):
    """
    A server of a site with Sentinels, and the Sentinel of its host.

    + ports: where they listen
    + software: which server it is
    """

    def command(self, ports: Ports, software: Software) -> str:
        server, sentinel = asking(ports.server, software), asking_sentinel(ports.sentinel, software)
        master, own, sentinel_own = shlex.quote(MASTER), software.own, software.sentinel_own
        return f"""
printf 'INFO\\n' | {server} | sed 's/^/server\\t/'
printf 'CONFIG GET min-replicas-to-write\\n' | {server} | sed -n '/^min-replicas-to-write$/{{n;s/^/needs\\t/p}}'
printf 'ACL GETUSER default\\n' | {server} | sed -n '/^[0-9a-f]\\{{64\\}}$/s/^/server_takes\\t/p'
printf 'SENTINEL MASTER %s\\n' {master} | {sentinel} | tail -n +2 | paste - - | sed 's/^/sentinel\\t/'
printf 'ACL GETUSER default\\n' | {sentinel} | sed -n '/^[0-9a-f]\\{{64\\}}$/s/^/sentinel_takes\\t/p'
[ ! -s {own} ] || echo role
sed -n 's/^replicaof \\([^ ]*\\) .*/follows\\t\\1/p' {own} 2>/dev/null
sed -n 's/^sentinel monitor [^ ]* \\([^ ]*\\) \\([0-9]*\\) .*/watched\\t\\1\\t\\2/p
s/^sentinel known-[a-z]* [^ ]* \\([^ ]*\\) .*/known\\t\\1/p' {sentinel_own} 2>/dev/null
find {software.data}/appendonlydir {software.data}/dump.rdb -maxdepth 0 -printf 'data\\n' 2>/dev/null
{filled(other(software).data, "echo other")}
true
"""

    @staticmethod
    def default() -> MemberState:
        return MemberState()

    def process(self, output: list[str]) -> MemberState:
        rows = [line.split("\t") for line in output]
        found = {name: [row[1] for row in rows if row[0] == name and len(row) > 1] for name in {row[0] for row in rows}}
        pairs = (line.partition(":") for line in found.get("server", ()))
        return MemberState(
            server={key: value for key, separator, value in pairs if separator and key.isidentifier()},
            sentinel={row[1]: row[2] for row in rows if row[0] == "sentinel" and len(row) == 3},
            needs=next((int(text) for text in found.get("needs", ()) if text.isdecimal()), None),
            server_takes=frozenset(found.get("server_takes", ())),
            sentinel_takes=frozenset(found.get("sentinel_takes", ())),
            has_role=["role"] in rows,
            follows=next(iter(found.get("follows", ())), None),
            watched=next(iter(found.get("watched", ())), None),
            watched_port=next((int(row[2]) for row in rows if row[0] == "watched" and len(row) == 3), None),
            known=frozenset(found.get("known", ())),
            data=["data"] in rows,
            data_of_other=["other"] in rows,
        )
