"""Restores: what the backup host could make, and what a Postgres host was sent."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import FactBase

from deploys.facts.postgres.state import CLUSTER, DATA

LIBRARY = "/usr/local/lib/tracseq"
"""Where a backup host has its programs."""
RECEIVER = "tracseq-restore-receive-cluster.service"
"""What takes a cluster on a Postgres host, while a restore waits for it."""
REPLACED = f"{CLUSTER}.before"
"""How the names of directories begin that a restored cluster took the place of."""


def beside(version: int) -> str:
    """
    The directory, beside the running cluster's, in which a restored one is.

    + version: of Postgres
    """
    return f"{DATA}/{version}/{CLUSTER}.restored"


@dataclass(frozen=True)
class PlanState:
    """What a restore would begin with."""

    problem: str | None = None
    """Why there can be none."""
    label: str = ""
    stopped: float = 0.0
    """When the backup was complete, in seconds since 1970."""
    size: int = 0
    """Bytes of the cluster."""
    timeline: int = 0
    newest_timeline: int = 0
    system: str = ""
    until: float = 0.0
    """Up to when all that was written is in the archive."""
    free: int = 0
    """Bytes free where it is made."""


class Plan(FactBase[PlanState]):
    """
    What a restore would begin with, and whether it can be made; nothing is done.

    + goal: what is gone back to, as JSON (files/backup/tracseq_backup/goal.py)
    + user: the system user that owns the repository
    """

    def command(self, goal: str, user: str) -> str:
        return f"""
cd /
if [ -e {LIBRARY}/tracseq_backup/plan.py ]; then
  said=$(runuser -u {user} -- env PYTHONPATH={LIBRARY} PYTHONDONTWRITEBYTECODE=1 \\
    python3 -m tracseq_backup.plan {shlex.quote(goal)} 2>&1) && kind=plan || kind=failed
  printf '%s\\t%s\\n' $kind "$(printf '%s' "$said" | tail -n 1 | tr '\\n\\t' '  ')"
fi
true
"""

    @staticmethod
    def default() -> PlanState:
        return PlanState("it holds no backups of this site yet")

    def process(self, output: list[str]) -> PlanState:
        for line in output:
            kind, _, said = line.partition("\t")
            if kind == "plan":
                return PlanState(**json.loads(said))
            if kind == "failed":
                return PlanState(said)
        return self.default()


@dataclass(frozen=True)
class RestoredState:
    """A restored cluster beside a host's own, and what is known here."""

    about: Mapping[str, Any] = field(default_factory=dict)
    """What the backup host says of it; empty where there is none."""
    free: int = 0
    """Bytes free where it is or would be."""
    waiting: bool = False
    """Whether the host waits for one."""
    known: Mapping[str, int] = field(default_factory=dict)
    """The highest timeline that the host has heard of, by system."""

    @property
    def goal(self) -> Mapping[str, Any] | None:
        """What it goes back to; None where there is none."""
        found: Mapping[str, Any] | None = self.about.get("goal")
        return found

    def is_of(self, goal: str) -> bool:
        """
        Whether it is one that goes back to this.

        + goal: as JSON
        """
        return bool(self.about) and self.goal == json.loads(goal)


class Restored(FactBase[RestoredState]):
    """The restored cluster that is beside a host's own, where one is."""

    def command(self) -> str:
        return f"""
cd {DATA} 2>/dev/null || exit 0
printf 'free\\t%s\\n' "$(df --block-size=1 --output=avail . | tail -n 1)"
for about in */{CLUSTER}.restored/received/restored.json; do
  [ ! -e "$about" ] || [ ! -d "$(dirname "$about")/data" ] || printf 'about\\t%s\\n' "$(cat "$about")"
done
! systemctl is-active --quiet {RECEIVER} || echo waiting
cd /var/lib/tracseq-witness 2>/dev/null || exit 0
for system in *[0-9]; do
  [ ! -f "$system" ] || printf 'known\\t%s\\t%s\\n' "$system" "$(cut -d ' ' -f 1 "$system")"
done
true
"""

    @staticmethod
    def default() -> RestoredState:
        return RestoredState()

    def process(self, output: list[str]) -> RestoredState:
        found: dict[str, Any] = {"known": {}}
        for line in output:
            match line.split("\t"):
                case ["free", number]:
                    found["free"] = int(number)
                case ["about", said]:
                    found["about"] = json.loads(said)
                case ["waiting"]:
                    found["waiting"] = True
                case ["known", system, timeline] if timeline.isdecimal():
                    found["known"][system] = int(timeline)
        return RestoredState(**found)
