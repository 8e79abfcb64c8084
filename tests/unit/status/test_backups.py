"""How backups are judged, by what their host says of what it did last."""

from __future__ import annotations

from typing import Any

import pytest

from deploys.controller.status import backups
from deploys.controller.status.backups import COLUMNS, FULL
from deploys.facts.backup_records import Records
from deploys.facts.service import ServiceState
from deploys.facts.units import UnitsState
from tests.unit.status.pretended import NOW, said, survey

WELL: dict[str, Any] = {
    "full": {"at": 1_700_000_000.0, "label": "20231114-221300F", "result": "well", "seconds": 11.0, "stored": 1 << 24},
    "verification": {"at": 1_700_000_020.0, "result": "well", "problems": []},
    "wal": {"at": NOW - 20, "until": 1_700_000_010.0, "since": NOW - 60},
    "drill": {"at": NOW - 3600, "result": "well", "problems": []},
}
IDLE = UnitsState(units={FULL: ServiceState({"ActiveState": "inactive"})})
AT_WORK = UnitsState(units={FULL: ServiceState({"ActiveState": "activating"})})


def test_records_are_read_by_name_and_a_broken_one_is_said() -> None:
    found = Records().process(['full\t{"at": 1.0, "result": "well"}', "wal\t{", "nonsense"])
    assert found["full"] == {"at": 1.0, "result": "well"}
    assert found["wal"]["result"] == "unreadable"
    assert found.keys() == {"full", "wal"}


def test_backups_that_are_well_are_shown() -> None:
    judged = backups.judged(survey("backups", {"backup1": [WELL, IDLE]}))
    assert said(judged) == []
    (table,) = judged.tables
    rows = [[cell.text for cell in row] for row in table.rows]
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert rows[0][1:3] == ["full backup 20231114-221300F", "2023-11-14 22:13"]
    assert [row[1] for row in rows[1:]] == ["verification", "WAL", "restore drill"]
    assert judged.values["backup1"] == WELL


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ({}, "There is no full backup."),
        (
            WELL | {"verification": {"at": 1.0, "result": "failed", "problems": ["Repository 1: invalid checksum."]}},
            "The last verification did not end well. Repository 1: invalid checksum.",
        ),
        (
            WELL | {"wal": WELL["wal"] | {"at": NOW - 1000}},
            "Nobody has looked at the WAL and the backups for 17 min.",
        ),
        (
            WELL | {"drill": {"at": NOW - 9 * 86400, "result": "well"}},
            "The last restore drill was 9 d ago (every 8 d there must be one).",
        ),
        (
            {name: one for name, one in WELL.items() if name != "drill"} | {"wal": {"since": NOW - 9 * 86400}},
            "There was no restore drill yet (every 8 d there must be one).",
        ),
        (
            WELL | {"drill": {"at": NOW, "result": "failed", "problems": ["It was not restored."]}},
            "The last restore drill did not end well. It was not restored.",
        ),
        (WELL | {"copy": {"result": "unreadable"}}, "The last copy to the second place did not end well."),
    ],
)
def test_backups_that_are_wrong(records: dict[str, Any], sentence: str) -> None:
    assert said(backups.judged(survey("backups", {"backup1": [records, IDLE]}))) == [("backup1", sentence)]


def test_the_first_backup_of_a_new_site_is_no_fault_while_it_is_made() -> None:
    (finding,) = backups.judged(survey("backups", {"backup1": [{}, AT_WORK]})).findings
    assert (finding.what, finding.wrong) == ("The first full backup is being made.", False)
