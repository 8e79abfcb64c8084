"""With which backup a restore begins: the newest before its goal, on the timeline that is followed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.backup import choice, goal, history, pgbackrest, plan, proof, state

START = 1_795_600_000
HOUR = 3600
HISTORY = "1\t0/5000000\tno recovery target specified\n\n2\t0/9000000\tbefore 2026-11-23 14:00:00+00\n"


def backup(number: int, timeline: int = 1, position: int | None = None, **more: Any) -> dict[str, Any]:
    """The backup that ended a number of hours after the start, and as many segments into the WAL."""
    return {
        "label": f"backup-{number}",
        "error": False,
        "archive": {"stop": f"{timeline:08X}00000000{number:08X}"},
        "lsn": {"stop": f"0/{(position if position is not None else number) * 0x1000000 + 0x100:X}"},
        "timestamp": {"stop": START + number * HOUR},
        **more,
    }


def at(hours: float) -> Any:
    return goal.Goal(time=datetime.fromtimestamp(START + hours * HOUR, UTC).isoformat())


def chosen(wanted: Any, *backups: dict[str, Any], timeline: int = 1, left: dict[int, int] | None = None) -> str:
    points = {"before": START + 2.5 * HOUR}
    return str(choice.chosen(wanted, list(backups), timeline, left or {}, START + 9 * HOUR, points)["label"])


def test_the_newest_backup_before_the_goal_is_chosen() -> None:
    backups = [backup(1), backup(2), backup(3)]
    assert chosen(goal.Goal(), *backups) == "backup-3"
    assert chosen(at(2.5), *backups) == "backup-2"
    assert chosen(goal.Goal(point="before"), *backups) == "backup-2"
    assert chosen(goal.Goal(), *backups[:2], backup(3, error=True)) == "backup-2"


def test_within_its_last_second_a_backup_may_not_have_ended() -> None:
    assert chosen(at(2), backup(1), backup(2)) == "backup-1"
    assert chosen(at(2 + 1 / HOUR), backup(1), backup(2)) == "backup-2"


def test_a_backup_of_what_a_restore_left_leads_nowhere() -> None:
    left = history.parse(HISTORY)
    assert left == {1: 0x5000000, 2: 0x9000000}
    backups = [backup(4), backup(6), backup(8, timeline=2)]
    assert chosen(goal.Goal(), *backups, timeline=3, left=left) == "backup-8"
    assert chosen(at(7), *backups, timeline=3, left=left) == "backup-4"
    assert chosen(at(7), *backups) == "backup-6"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (at(0.5), r"is before the end of the oldest backup\. It can be gone back to any time from .* to .* UTC"),
        (at(9.5), r"is after all that is archived\. It can be gone back to any time from .* to .* UTC"),
        (goal.Goal(point="after"), r"There is no restore point after\. There are: before \(.* UTC\)"),
    ],
)
def test_what_cannot_be_restored_says_what_can(wanted: Any, sentence: str) -> None:
    with pytest.raises(choice.Refused, match=sentence):
        chosen(wanted, backup(1), backup(2))


def test_without_a_backup_of_the_timeline_there_is_no_restore() -> None:
    with pytest.raises(choice.Refused, match="There is no backup from which timeline 2 can be reached"):
        chosen(goal.Goal(), backup(6), timeline=2, left={1: 0x5000000})


def test_rows_are_read_by_table_whatever_its_name() -> None:
    assert proof.counted("public.sample|3\npublic.a|b|0") == {"public.sample": 3, "public.a|b": 0}
    assert proof.counted("") == {}


def test_state_is_of_the_newest_snapshot_that_is_not_after_the_goal() -> None:
    snapshots = [{"id": "a", "time": "2026-11-23T12:20:00.123456789Z"}, {"id": "b", "time": "2026-11-23T13:20:00Z"}]
    assert state.chosen(snapshots, goal.Goal()) == snapshots[1]
    assert state.chosen(snapshots, goal.Goal(time="2026-11-23T14:00:00+01:00")) == snapshots[0]
    assert state.chosen(snapshots, goal.Goal(time="2026-11-23T12:00:00+01:00")) is None


def test_what_is_kept_of_the_version_before_an_upgrade_is_said_and_not_begun_with() -> None:
    of_both = {
        "db": [{"id": 1, "version": "15"}, {"id": 2, "version": "17"}],
        "archive": [{"database": {"id": 1}, "max": "1"}, {"database": {"id": 2}, "max": "2"}],
        "backup": [backup(1) | {"database": {"id": 1}}, backup(2) | {"database": {"id": 2}}],
    }
    newest = pgbackrest.of_newest(of_both)
    assert [one["label"] for one in newest["backup"]] == ["backup-2"]
    assert pgbackrest.archive(newest) == "17-2"
    assert "kept of Postgres 15 is restored by hand" in plan.before_an_upgrade(of_both)
    assert plan.before_an_upgrade(of_both | {"backup": newest["backup"]}) == ""
