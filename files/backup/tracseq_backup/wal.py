"""Names of WAL segments, and the positions that they stand for ("WAL Internals" in Postgres' manual)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

SIZE = 16 * 1024**2
"""Of a segment: what initdb makes it without a word."""
SEGMENT = re.compile(r"[0-9A-F]{24}")
FINISHED = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
"""What pg_receivewal will not write to any more."""
IN_ARCHIVE = re.compile(r"(?:^|/)([0-9A-F]{24})-[0-9a-f]{40}(?:\.\w+)?$")


def position(text: str) -> int:
    """A position such as ``0/3000000`` as a number."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def text(position: int) -> str:
    """A position as Postgres writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def number(segment: str) -> int:
    """How many segments of its timeline lie before one."""
    return int(segment[8:16], 16) * (2**32 // SIZE) + int(segment[16:24], 16)


def end(segment: str) -> int:
    """The position at which a segment ends."""
    return (number(segment) + 1) * SIZE


def gaps(segments: Iterable[str]) -> list[str]:
    """
    Sentences about segments that are missing between the first and the last of each timeline.

    Args:
        segments: names of all that there are
    """
    problems = []
    timelines: dict[str, list[str]] = {}
    for segment in sorted(set(segments)):
        timelines.setdefault(segment[:8], []).append(segment)
    for found in timelines.values():
        for before, after in pairwise(found):
            if number(after) != number(before) + 1:
                missing = number(after) - number(before) - 1
                problems.append(f"{missing} WAL segments are missing between {before} and {after}.")
    return problems


def missing(first: str, last: str, segments: Iterable[str]) -> list[str]:
    """
    The numbers of segments that a backup needs and nobody has, as segments of its last timeline.

    Args:
        first, last: the segments in which the backup began and ended
        segments: names of all that there are
    """
    there = {number(segment) for segment in segments}
    wanted = range(number(first), number(last) + 1)
    per_file = 2**32 // SIZE
    return [f"{last[:8]}{one // per_file:08X}{one % per_file:08X}" for one in wanted if one not in there]
