"""What a former primary wrote after the place in the WAL at which another one went on without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api import FactBase

from deploys.facts.postgres.answer import location
from deploys.facts.postgres.state import CLUSTER, DATA


@dataclass(frozen=True)
class Written:
    """What is in the WAL of a stopped former primary."""

    timeline: int = 0
    """The one that it wrote on last."""
    left: int | None = None
    """Where the primary of now left that timeline (pg_lsn); None where it never was on it."""
    end: int = 0
    """Up to where there is more (pg_lsn); 0 where there is nothing after that."""
    commits: int = 0
    """Transactions that were committed after it."""
    first: str = ""
    last: str = ""
    """When the first and the last of them were."""
    removed: bool = False
    """Whether the first of it is not there any more: there may be more than what was counted."""
    redo: int | None = None
    """From where on a server must replay that goes back to the last checkpoint of both (pg_lsn); None where that WAL
    is not there any more."""


class Unshared(FactBase[Written]):
    """
    What only a stopped former primary has, by its WAL.

    + version: of Postgres
    + history: where the primary of now left each earlier timeline, as Postgres writes it
    """

    def command(self, version: int, history: Mapping[int, str]) -> str:
        data = f"{DATA}/{version}/{CLUSTER}"
        program = f"/usr/lib/postgresql/{version}/bin"
        cases = " ".join(f"{timeline}) left={place} ;;" for timeline, place in history.items())
        return f"""
cd /
control() {{ LC_ALL=C {program}/pg_controldata -D {data} | sed -n "s/^$1: *//p"; }}
number() {{ echo $(((0x${{1%/*}} << 32) + 0x${{1#*/}})); }}
[ -e {data}/global/pg_control ] || exit 0
timeline=$(control "Latest checkpoint's TimeLineID")
# Until its first checkpoint, a server that was promoted has its timeline only here.
newer=$(control "Min recovery ending loc's timeline")
[ "$newer" -le "$timeline" ] || timeline=$newer
printf 'timeline\\t%s\\n' "$timeline"
left=
case $timeline in {cases} *) ;; esac
[ -n "$left" ] || exit 0
printf 'left\\t%s\\n' "$left"
wal() {{
  runuser -u postgres -- {program}/pg_waldump --path={data}/pg_wal --timeline="$timeline" "$@" 2>/dev/null
}}
bytes=$(control 'Bytes per WAL segment')
high=$((4294967296 / bytes))
segment() {{ printf '%s/pg_wal/%08X%08X%08X' {data} "$timeline" $(($1 / high)) $(($1 % high)); }}
begins() {{ printf '%X/%X' $(($1 / high)) $(($1 % high * bytes)); }}
oldest=$(($(number "$left") / bytes))
start=$left
if [ ! -e "$(segment $oldest)" ]; then
  echo removed
  name=$(ls {data}/pg_wal | grep -Ex "$(printf %08X "$timeline")[0-9A-F]{{16}}" | sort | head -n 1 | cut -c 9-)
  [ -n "$name" ] || exit 0
  start=$(begins $((0x${{name%????????}} * high + 0x${{name#????????}})))
fi
wal --start="$start" | awk '
  match($0, /lsn: [0-9A-F]+\\/[0-9A-F]+/) {{ end = substr($0, RSTART + 5, RLENGTH - 5) }}
  /^rmgr: Transaction .* desc: COMMIT/ {{
    commits++; sub(/.* desc: COMMIT[A-Z_]* ([0-9]+: )?/, ""); sub(/;.*/, ""); last = $0; if (!first) first = last
  }}
  END {{ printf "end\\t%s\\ncommits\\t%d\\nfirst\\t%s\\nlast\\t%s\\n", end, commits, first, last }}'
if [ "$(number "$(control 'Latest checkpoint location')")" -lt "$(number "$left")" ]; then
  printf 'redo\\t%s\\n' "$(control "Latest checkpoint's REDO location")"
  exit 0
fi
[ "$start" = "$left" ] || exit 0
while [ $oldest -gt 0 ] && [ -e "$(segment $((oldest - 1)))" ]; do oldest=$((oldest - 1)); done
wal --rmgr=XLOG --start="$(begins $oldest)" --end="$left" |
  sed -n 's/.* desc: CHECKPOINT_[A-Z]* redo \\([0-9A-F/]*\\);.*/redo\\t\\1/p' | tail -n 1
true
"""

    @staticmethod
    def default() -> Written:
        return Written()

    def process(self, output: list[str]) -> Written:
        found = dict(line.split("\t", 1) for line in output if "\t" in line)
        return Written(
            timeline=int(found.get("timeline") or 0),
            left=location(found["left"]) if found.get("left") else None,
            end=location(found["end"]) if found.get("end") else 0,
            commits=int(found.get("commits") or 0),
            first=found.get("first", ""),
            last=found.get("last", ""),
            removed="removed" in output,
            redo=location(found["redo"]) if found.get("redo") else None,
        )
