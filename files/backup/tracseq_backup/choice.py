"""Which backup a restore begins with, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracseq_backup import wal
from tracseq_backup.goal import Goal, said


class Refused(Exception):
    """A restore that cannot be made; its text says why, and what could be."""


def chosen(
    goal: Goal,
    backups: list[dict[str, Any]],
    timeline: int,
    history: Mapping[int, int],
    until: float,
    points: Mapping[str, float],
) -> dict[str, Any]:
    """
    The newest backup from which the goal is reached.

    Args:
        goal: what is wanted
        backups: as ``pgbackrest info`` says them
        timeline: the one that is followed
        history: where it left each one before it
        until: up to when all that was written is in the archive, or soon will be
        points: when each named restore point was made

    Raises:
        Refused: where there is none.
    """
    of_timeline = [one for one in backups if not one.get("error") and _on(one, timeline, history)]
    if not of_timeline:
        raise Refused(f"There is no backup from which timeline {timeline} can be reached.")
    # pgBackRest says when a backup ended to the second: what lies within that one may be before its end.
    ends = {one["label"]: int(one["timestamp"]["stop"]) + 1 for one in of_timeline}
    first = min(ends.values())
    span = f"It can be gone back to any time from {said(first)} to {said(until)}."
    moment = goal.moment
    if goal.point:
        if goal.point not in points:
            known = ", ".join(f"{name} ({said(at)})" for name, at in points.items()) or "none"
            raise Refused(f"There is no restore point {goal.point}. There are: {known}. {span}")
        moment = points[goal.point]
    if moment is not None and moment > until:
        raise Refused(f"{said(moment)} is after all that is archived. {span}")
    before = [one for one in of_timeline if moment is None or ends[one["label"]] <= moment]
    if not before:
        raise Refused(f"{said(moment or 0)} is before the end of the oldest backup. {span}")
    return max(before, key=lambda one: ends[one["label"]])


def _on(backup: Mapping[str, Any], timeline: int, history: Mapping[int, int]) -> bool:
    """Whether a timeline goes on from a backup."""
    own = int(backup["archive"]["stop"][:8], 16)
    left = history.get(own)
    return own == timeline or (left is not None and wal.position(backup["lsn"]["stop"]) <= left)
