"""How large a host's cluster is, what is outside of its directory, and what lies beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.postgres.state import CLUSTER, DATA

COPY, REWOUND = "tracseq-copy", "tracseq-rewound"
"""How the names beside the data directory end of a complete copy of it, and of one that pg_rewind is done with."""


@dataclass(frozen=True)
class Directory:
    """A data directory."""

    size: int = 0
    """Bytes that it takes."""
    wal: int = 0
    """Those of them that are WAL."""
    oldest: int = 0
    """Where the oldest WAL begins that is there, in bytes (pg_lsn)."""
    free: int = 0
    """Bytes that may still be written beside it."""
    unfinished: int = 0
    """Bytes beside it that a run left which was killed."""
    copied: bool = False
    """Whether a complete copy of it as it is lies beside it."""
    rewound: bool = False
    """Whether a copy of it that was rewound waits for being put in its place."""
    elsewhere: tuple[str, ...] = ()
    """What belongs to it and is not in it: tablespaces, its WAL; itself, where its place is a mount point or a link."""
    kept: Mapping[str, int] = field(default_factory=dict)
    """Old data that was kept beside it, and the bytes that it takes."""


class DataDirectory(FactBase[Directory]):
    """
    The data directory of a host's cluster ``main``, and what lies beside it.

    + version: of Postgres
    """

    def command(self, version: int) -> str:
        data = f"{DATA}/{version}/{CLUSTER}"
        control = f"/usr/lib/postgresql/{version}/bin/pg_controldata"
        return f"""
bytes() {{ du --summarize --block-size=1 "$@" 2>/dev/null | cut -f 1; }}
[ -d {DATA}/{version} ] || exit 0
printf 'free\\t%s\\n' "$(df --block-size=1 --output=avail {DATA}/{version} | tail -n 1 | tr -d ' ')"
for left in {data}.tracseq-*; do [ ! -e "$left" ] || printf 'unfinished\\t%s\\n' "$(bytes "$left")"; done
for kept in {data}.before*; do [ ! -e "$kept" ] || printf 'kept\\t%s\\t%s\\n' "$(bytes "$kept")" "$kept"; done
[ ! -e {data}.{REWOUND} ] || echo rewound
[ -n "$(ls -A {data} 2>/dev/null)" ] || exit 0
printf 'size\\t%s\\n' "$(bytes {data})"
printf 'wal\\t%s\\n' "$(bytes {data}/pg_wal/)"
printf 'oldest\\t%s\\n' "$(ls {data}/pg_wal | grep -Ex '[0-9A-F]{{24}}' | cut -c 9- | sort | head -n 1)"
LC_ALL=C {control} -D {data} 2>/dev/null | sed -n 's/^Bytes per WAL segment: */segment\\t/p'
for place in {data} {data}/pg_wal {data}/pg_tblspc/*; do
  [ ! -L "$place" ] || printf 'elsewhere\\t%s\\n' "$place"
done
! mountpoint --quiet {data} || printf 'elsewhere\\t%s\\n' {data}
! cmp --quiet {data}/global/pg_control {data}.{COPY}/global/pg_control || echo copied
true
"""

    @staticmethod
    def default() -> Directory:
        return Directory()

    def process(self, output: list[str]) -> Directory:
        numbers: dict[str, int] = {}
        kept: dict[str, int] = {}
        elsewhere: list[str] = []
        oldest, unfinished, flags = "", 0, set()
        for line in output:
            match line.split("\t"):
                case ["kept", size, path]:
                    kept[path] = int(size or 0)
                case ["unfinished", size]:
                    unfinished += int(size or 0)
                case ["elsewhere", path]:
                    elsewhere.append(path)
                case ["oldest", name]:
                    oldest = name
                case [name, number] if number.isdecimal():
                    numbers[name] = int(number)
                case [flag]:
                    flags.add(flag)
        # A segment's name is its timeline, and then its number in two parts: of every 4 GB, and within them.
        begins = (int(oldest[:8], 16) << 32) + int(oldest[8:], 16) * numbers.get("segment", 0) if oldest else 0
        return Directory(
            size=numbers.get("size", 0),
            wal=numbers.get("wal", 0),
            oldest=begins,
            free=numbers.get("free", 0),
            unfinished=unfinished,
            copied="copied" in flags,
            rewound="rewound" in flags,
            elsewhere=tuple(elsewhere),
            kept=kept,
        )
