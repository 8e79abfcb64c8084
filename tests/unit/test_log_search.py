"""What the log host's search makes of what it finds; that it finds it, a scenario shows on journals of both Debians."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, "files/log_host")

from tracseq_logs import __main__ as program
from tracseq_logs import request, since
from tracseq_logs.journal_file import JournalFile, Unknown

from tests.unit.journals import KINDS, OFTEN, journal

LINE = '{"logger": "access", "request_id": "0f5c0f5c0f5c", "trace_id": "00000000000000000000000000000a1b"}'


def entry(**fields: Any) -> dict[str, Any]:
    return {"__REALTIME_TIMESTAMP": 1_795_664_000_123_456, "MESSAGE": LINE, "SYSLOG_IDENTIFIER": "python"} | fields


def test_an_id_leads_to_those_that_belong_to_the_same_request() -> None:
    assert request._ids(LINE) == ["0f5c0f5c0f5c", "00000000000000000000000000000a1b"]
    assert request._ids(f"DETAIL: $1 = '[{LINE}, {LINE}]'") == [], "a delivery is of many requests"


def test_a_line_has_the_host_of_its_certificate_and_no_command_for_a_terminal() -> None:
    shown = program._shown("gw1", entry(_PID="7", _HOSTNAME="pg1", MESSAGE="one\x1b[2Jtwo\nthree é"))
    assert shown == "2026-11-26 03:33:20.123456 gw1 python[7]: one\\x1b[2Jtwo\\nthree é"


def test_whoever_asks_is_no_answer() -> None:
    assert program._asks(entry(SYSLOG_IDENTIFIER="sudo", MESSAGE="COMMAND=/usr/local/sbin/tracseq-logs --request=0f5c"))
    assert not program._asks(entry(MESSAGE="tracseq-logs"))


def test_what_journalctl_writes_as_bytes_or_several_times_is_text() -> None:
    line = json.dumps({"__REALTIME_TIMESTAMP": "5", "MESSAGE": [226, 130, 172, 255], "_PID": ["1", "2"], "_COMM": None})
    assert since._entry(line.encode()) == {"__REALTIME_TIMESTAMP": 5, "MESSAGE": "€\ufffd", "_PID": "1 2", "_COMM": ""}


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(b"no journal" * 100)
    with pytest.raises(Unknown):
        JournalFile(path)


@pytest.fixture(params=KINDS)
def journals(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "gw1.journal").write_bytes(journal(request.param))
    return {"gw1": tmp_path}


def test_a_line_that_was_written_often_is_found_as_often(journals: dict[str, Path]) -> None:
    found = request.lines(journals, "0f5c0f5c0f5c")
    assert [entry["__REALTIME_TIMESTAMP"] for _, entry in found] == OFTEN


def test_a_line_that_was_written_before_is_found_since_then(journals: dict[str, Path]) -> None:
    found = request.lines(journals, "0f5c0f5c0f5c", OFTEN[5])
    assert [entry["__REALTIME_TIMESTAMP"] for _, entry in found] == OFTEN[5:]


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--host", "pg9"], "There is no journal of pg9; there are those of gw1."), (["--lines", "many"], "invalid int")],
)
def test_what_cannot_be_answered_is_said(tmp_path: Path, options: list[str], said: str) -> None:
    (tmp_path / "gw1").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tracseq_logs", str(tmp_path), *options],
        capture_output=True, text=True, cwd="files/log_host",
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr
