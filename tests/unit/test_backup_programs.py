"""What runs on a backup host: how it reckons, and how it reads what pgBackRest says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.backup import believed, metrics, pgbackrest, push, receive, record, settings_of, verify, wal, watch

SEGMENT = 16 * 1024**2


def test_the_end_of_a_segment_is_the_begin_of_the_next() -> None:
    assert wal.end("000000010000000000000003") == wal.position("0/4000000")
    assert wal.end("0000000200000001000000FF") == wal.position("2/0")
    assert wal.text(wal.position("2/A0000")) == "2/A0000"


def test_a_gap_is_found_within_a_timeline_only() -> None:
    there = ["000000010000000000000003", "000000010000000000000004", "000000020000000000000004"]
    assert wal.gaps(there) == []
    assert wal.gaps([*there, "000000020000000000000007"]) == [
        "2 WAL segments are missing between 000000020000000000000004 and 000000020000000000000007."
    ]


def test_a_gap_over_the_end_of_a_log_file() -> None:
    assert wal.gaps(["0000000100000000000000FF", "000000010000000100000000"]) == []
    assert wal.missing("0000000100000000000000FE", "000000010000000100000001", ["0000000100000000000000FE"]) == [
        "0000000100000000000000FF",
        "000000010000000100000000",
        "000000010000000100000001",
    ]


def info(**backup: Any) -> dict[str, Any]:
    archive = {"start": "000000010000000000000005", "stop": "000000010000000000000006"}
    made = {"label": "20260101-000000F", "type": "full", "archive": archive, "database": {"id": 1}}
    return {"db": [{"id": 1, "version": "15"}], "backup": [made | backup]}


def test_a_backup_without_its_wal_is_a_problem_and_an_older_gap_is_not() -> None:
    names = [f"00000001000000000000000{number}" for number in (1, 3, 5, 6, 7)]
    problems, older = verify.of_archive(info(), {"15-1": names})
    assert problems == []
    assert len(older) == 2, older
    problems, _ = verify.of_archive(info(), {"15-1": [name for name in names if not name.endswith("6")]})
    assert problems == [
        "Backup 20260101-000000F cannot be restored: of its WAL 000000010000000000000006 is missing.",
        "1 WAL segments are missing between 000000010000000000000005 and 000000010000000000000007.",
    ]


def test_after_an_upgrade_each_version_has_wal_of_its_own() -> None:
    names = [f"00000003000000000000000{number}" for number in (5, 6)]
    found = info() | {"db": [{"id": 1, "version": "15"}, {"id": 2, "version": "17"}]}
    found["archive"] = [{"database": {"id": 1}, "max": names[-1]}, {"database": {"id": 2}, "max": None}]
    # The new one counts its timelines from 1 again: names of both would be taken for one another's.
    there = {"15-1": [name.replace("3", "1", 1) for name in names], "17-2": ["000000010000000000000009"]}
    assert verify.of_archive(found, there) == ([], [])
    assert verify.of_archive(found, {"17-2": there["15-1"]})[0] != []
    newest = pgbackrest.of_newest(found)
    assert newest["backup"] == []
    assert [one["database"]["id"] for one in newest["archive"]] == [2]


WELL = """P00   INFO: verify command begin 2.45
stanza: main
status: ok
  archiveId: 15-1, total WAL checked: 7, total valid WAL: 7
P00   INFO: verify command end: completed successfully (595ms)
"""
FLIPPED = """P01   INFO: invalid checksum '20261123-224512F/pg_data/base/5/1259_fsm.gz'
stanza: main
status: error
  backup: 20261123-224512F, status: invalid, total files checked: 967, total valid files: 966
    checksum invalid: 1
P00   INFO: verify command end: completed successfully (717ms)
"""


def test_the_words_of_a_verification_count_and_not_how_it_ends() -> None:
    assert verify.of_output(WELL) == []
    assert verify.of_output(FLIPPED) == ["invalid checksum '20261123-224512F/pg_data/base/5/1259_fsm.gz'"]
    assert verify.of_output("ERROR: [055]: unable to load info file\n") != []
    assert verify.of_output("") == ["pgbackrest verify: it said nothing"]


def test_the_reason_is_the_error_and_what_belongs_to_it() -> None:
    said = "P00   INFO: begin\nP00  ERROR: [041]: no room\n            HINT: make some\nP00   INFO: end: aborted\n"
    assert pgbackrest.reason(said) == "ERROR: [041]: no room HINT: make some"
    assert pgbackrest.reason("P00   INFO: begin\nlast words\n") == "last words"


def test_the_repository_is_up_to_date_to_when_all_that_was_written_is_archived() -> None:
    first = watch.archived_until({}, 100.0, written=3 * SEGMENT + 5, archived=3 * SEGMENT)
    assert first["until"] == 0.0
    # The segment is switched: now it is all there, as of the time at which it was asked.
    second = watch.archived_until(first, 110.0, written=4 * SEGMENT, archived=4 * SEGMENT)
    assert second == {"until": 110.0, "seen": []}
    # An idle server stays up to date, and one that writes is as far as the archive has it.
    idle = watch.archived_until(second, 120.0, written=4 * SEGMENT, archived=4 * SEGMENT)
    assert idle["until"] == 120.0
    writes = watch.archived_until(idle, 130.0, written=5 * SEGMENT, archived=4 * SEGMENT)
    later = watch.archived_until(writes, 140.0, written=6 * SEGMENT, archived=5 * SEGMENT)
    assert (writes["until"], later["until"]) == (120.0, 130.0)


def test_a_promoted_server_that_has_less_is_believed() -> None:
    ahead = watch.archived_until({}, 100.0, written=9 * SEGMENT, archived=3 * SEGMENT)
    after = watch.archived_until(ahead, 110.0, written=4 * SEGMENT, archived=4 * SEGMENT)
    assert after == {"until": 110.0, "seen": []}


def test_what_was_done_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    record.write("wal", {"until": 5}, tmp_path)
    assert record.read("wal", tmp_path)["until"] == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wal.json", "wal.prom"]
    (tmp_path / "wal.json").write_text("{")
    assert record.read("wal", tmp_path) == {}


def test_what_was_done_is_a_metric_each_where_there_is_a_number() -> None:
    went_well = metrics.of("full", {"at": 1764000000.5, "result": "well", "problems": [], "size": 9, "label": "2F"})
    assert [line for line in went_well.splitlines() if not line.startswith("#")] == [
        'tracseq_backup_last_run_timestamp_seconds{record="full"} 1764000000.5',
        'tracseq_backup_last_run_success{record="full"} 1.0',
        'tracseq_backup_size_bytes{record="full"} 9.0',
    ]
    assert 'last_run_success{record="full"} 0.0' in metrics.of("full", {"result": "failed", "problems": ["No disk."]})
    assert 'last_run_success{record="wal"} 0.0' in metrics.of("wal", {"problems": ["No primary answers."]})


def backup_of(label: str, start: int, stop: int) -> dict[str, Any]:
    return {"label": label, "timestamp": {"start": start, "stop": stop}}


def test_a_backup_whose_primary_lies_about_the_time_is_not_believed() -> None:
    old = backup_of("20231001-000000F", 1_696_118_400, 1_696_118_500)
    new = backup_of("20231114-221320F", 1_700_000_000, 1_700_000_060)
    # Nobody has judged yet: what is there is believed.
    assert believed.judged(None, [old], 1_700_000_000, 1_700_000_060) == (["20231001-000000F"], [])
    known = ["20231001-000000F"]
    assert believed.judged(known, [old, new], 1_700_000_000, 1_700_000_061) == ([*known, "20231114-221320F"], [])
    for start, stop in (
        (1_700_000_000, 1_696_500_000),  # it ended 40 days ago, and all before it would be too old
        (1_696_500_000, 1_700_000_060),
        (1_700_000_000, 1_800_000_000),
        (1_800_000_000, 1_800_000_060),  # no later one could be made
    ):
        lie = backup_of("lie", start, stop)
        assert believed.judged(known, [old, lie], 1_700_000_000, 1_700_000_061) == (known, [lie])
        # Nor is it later, when another was made.
        assert believed.judged(known, [old, lie], 1_700_090_000, 1_700_090_061) == (known, [lie])


def test_what_was_done_well_last_is_kept_when_it_fails(tmp_path: Path) -> None:
    record.write("drill", {"result": "well", "at": 5.0}, tmp_path)
    record.write("drill", {"result": "failed", "problems": ["No room."], "at": 9.0}, tmp_path)
    assert record.read("drill", tmp_path)["succeeded"] == 5.0


def test_only_finished_files_are_pushed_in_order(tmp_path: Path) -> None:
    names = ["00000002.history", "000000020000000000000004", "000000010000000000000003"]
    for name in (*names, "000000020000000000000005.partial", "lost+found"):
        (tmp_path / name).touch()
    assert [path.name for path in push.waiting(tmp_path)] == sorted(names)


def test_what_is_unfinished_of_another_timeline_is_found(tmp_path: Path) -> None:
    for name in ("000000010000000000000004.partial", "000000010000000000000003", "000000020000000000000004.partial"):
        (tmp_path / name).touch()
    found = receive.outdated(2, "0000000000000004", tmp_path)
    assert [path.name for path in found] == ["000000010000000000000004.partial"]


def test_what_is_unfinished_and_removed_by_the_primary_is_found(tmp_path: Path) -> None:
    for name in ("0000000200000001000000FE.partial", "0000000200000001000000FD"):
        (tmp_path / name).touch()
    assert receive.outdated(2, "00000001000000FE", tmp_path) == []
    found = receive.outdated(2, "0000000200000000", tmp_path)
    assert [path.name for path in found] == ["0000000200000001000000FE.partial"]


def test_a_backup_may_write_to_no_backup_that_is_complete(tmp_path: Path) -> None:
    for name in ("20260101-000000F/backup.manifest", "20260102-000000F/backup.manifest.copy"):
        file = tmp_path / "backup" / "main" / name
        file.parent.mkdir(parents=True)
        file.touch()
    for name in ("archive/main/15-1", "state"):
        (tmp_path / name).mkdir(parents=True)
    found = settings_of(repository=str(tmp_path))
    sealed = ["archive/main/15-1", "state", "backup/main/20260101-000000F"]
    assert pgbackrest.sealed(found) == [str(tmp_path / name) for name in sealed]


@pytest.mark.parametrize("network", [True, False])
def test_a_room_has_no_network_unless_it_needs_one(network: bool) -> None:
    line = pgbackrest.room(settings_of(), ["true"], network, ["/repository"], ["/repository/archive"])
    assert ("--property=PrivateNetwork=yes" in line) is not network
    assert "--property=ReadOnlyPaths=/repository/archive" in line
    assert line[-2:] == ["--", "true"]
