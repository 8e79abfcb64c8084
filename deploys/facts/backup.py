"""The repository of a backup host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pyinfra.api import FactBase

WAL = "/var/lib/tracseq-backup/wal"
"""Where a backup host receives WAL, until it is in the repository."""
WELL, NO_BACKUP, UNREADABLE = 0, 2, 99
"""How ``pgbackrest info`` says that a stanza is; 1 where there is none."""


@dataclass(frozen=True)
class RepositoryState:
    """What a repository of pgBackRest holds."""

    stanza: bool = False
    """Whether WAL and backups can be put into it."""
    version: int | None = None
    """Of the Postgres whose WAL and backups can be."""
    backups: int = 0
    """Those of that Postgres."""
    timeline: int = 0
    """The one on which the newest backup ended."""
    working: bool = False
    """Whether a backup is being made."""
    complaint: str | None = None
    """What pgBackRest says where the repository cannot be read."""


class Repository(FactBase[RepositoryState]):
    """
    Whether a repository is there, and a backup in it.

    + user: the system user that owns it
    + stanza: its name for the site's Postgres
    """

    def command(self, user: str, stanza: str) -> str:
        return f"""
if getent passwd {user} >/dev/null && [ -e /etc/pgbackrest/pgbackrest.conf ]; then
  said=$(cd / && runuser -u {user} -- pgbackrest --stanza={stanza} --output=json --log-level-console=off \\
    --log-level-stderr=error info 2>&1) && kind=info || kind=complaint
  printf '%s\\t%s\\n' $kind "$(printf '%s' "$said" | LC_ALL=C tr -c '[:print:]' ' ')"
fi
case $(systemctl show --property=ActiveState --value tracseq-backup-full.service) in
  activating|active) echo working ;;
esac
true
"""

    @staticmethod
    def default() -> RepositoryState:
        return RepositoryState()

    def process(self, output: list[str]) -> RepositoryState:
        found: dict[str, Any] = {}
        for line in output:
            match line.split("\t"):
                case ["info", said]:
                    stanzas = json.loads(said)
                    there = [one for one in stanzas if one["status"]["code"] in (WELL, NO_BACKUP)]
                    found |= {"stanza": bool(there)}
                    for one in there:
                        newest = one["db"][-1]
                        of_it = [backup for backup in one["backup"] if backup["database"]["id"] == newest["id"]]
                        found |= {"version": int(newest["version"]), "backups": len(of_it)}
                        found |= {"timeline": int(of_it[-1]["archive"]["stop"][:8], 16) if of_it else 0}
                    wrong = [one for one in stanzas if one["status"]["code"] == UNREADABLE]
                    if wrong:
                        found["complaint"] = "; ".join(str(one["status"]["message"]) for one in wrong[0]["repo"])
                case ["complaint", said]:
                    found["complaint"] = said.strip()
                case ["working"]:
                    found["working"] = True
        return RepositoryState(**found)


class Received(FactBase[frozenset[str]]):
    """The names of WAL segments that a backup host has received, or begun to, and that are not in the repository."""

    def command(self) -> str:
        return f"ls {WAL} 2>/dev/null || true"

    @staticmethod
    def default() -> frozenset[str]:
        return frozenset()

    def process(self, output: list[str]) -> frozenset[str]:
        return frozenset(output)
