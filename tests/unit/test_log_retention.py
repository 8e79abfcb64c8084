"""When lines go that the log host keeps: by real journals, and by the journalctl of this machine."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from pathlib import Path

import pytest

from deploys.controller import logs
from tests.unit.journals import KINDS, LINES, journal

PROGRAMS = Path("files/log_host")
DAY = 86400
SEQUENCE, HEAD = 72, 184
"""Where the header of a journal has the id of its own, and when its first line is of."""


def begun(path: Path, ago: float, kind: str = "regular", idle: float = 0) -> Path:
    """A journal that began so many seconds ago, and to which nobody wrote for a while."""
    path.parent.mkdir(exist_ok=True)
    text = bytearray(journal(kind))
    struct.pack_into("<Q", text, HEAD, int((time.time() - ago) * 1_000_000))
    text[SEQUENCE : SEQUENCE + 16] = os.urandom(16)
    path.write_bytes(text)
    os.utime(path, (time.time() - idle,) * 2)
    return path


def rotated(path: Path, seconds: int) -> list[str]:
    subprocess.run(["sh", PROGRAMS / "tracseq-logs-rotate", path, str(seconds)], check=True)
    return sorted(one.name for one in path.parent.iterdir())


def vacuumed(directory: Path, retention: int) -> None:
    arguments = [str(directory), "1G", str(retention), str(logs.rotation(retention))]
    subprocess.run(["sh", str(PROGRAMS / "tracseq-logs-vacuum"), *arguments], check=True, capture_output=True)


def shown(directory: Path) -> int:
    command = ["journalctl", "--quiet", "--output=cat", f"--directory={directory}"]
    return len(subprocess.run(command, check=True, capture_output=True).stdout.splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_began_too_long_ago_is_whole_from_now_on_and_has_all_its_lines(tmp_path: Path, kind: str) -> None:
    path = begun(tmp_path / "gw1.journal", 8 * DAY, kind)
    began = struct.unpack_from("<Q", path.read_bytes(), HEAD)[0]
    assert rotated(path, 9 * DAY) == ["gw1.journal"]
    [name] = rotated(path, 7 * DAY)
    assert name.startswith("gw1@")
    assert name.endswith(f"-{1:016x}-{began:016x}.journal")
    assert shown(tmp_path) == LINES


def test_what_is_whole_already_is_not_written_over(tmp_path: Path) -> None:
    path = begun(tmp_path / "gw1.journal", 8 * DAY)
    text = path.read_bytes()
    [whole] = rotated(path, DAY)
    path.write_bytes(text + b"more")
    assert rotated(path, DAY) == ["gw1.journal", whole]
    assert (tmp_path / whole).read_bytes() == text


@pytest.mark.parametrize("text", [None, b"", bytes(4096)])
def test_a_journal_without_lines_stays(tmp_path: Path, text: bytes | None) -> None:
    path = tmp_path / "gw1.journal"
    if text is not None:
        path.write_bytes(text)
    assert rotated(path, 1) == ([] if text is None else ["gw1.journal"])


def test_a_host_that_writes_little_keeps_no_line_for_longer_than_the_site_says(tmp_path: Path) -> None:
    """Weeks pass: each begins with a receiver that starts anew, and writes a few lines."""
    retention, now = 90 * DAY, time.time()
    rotation = logs.rotation(retention)
    for age in range(126 * DAY, -1, -rotation):
        path = begun(tmp_path / "gw1" / "gw1.journal", age)
        if age:
            rotated(path, rotation // 2)
    vacuumed(tmp_path, retention)
    began = [struct.unpack_from("<Q", one.read_bytes(), HEAD)[0] / 1e6 for one in (tmp_path / "gw1").iterdir()]
    assert min(began) >= now - retention
    assert min(began) <= now - retention + rotation, "nor does any go before its time"


def test_what_a_host_wrote_that_has_left_goes_too_and_what_is_being_written_stays(tmp_path: Path) -> None:
    begun(tmp_path / "left1" / "left1.journal", 100 * DAY, idle=99 * DAY)
    # What a host had written before it had a log host: its receiver has it open.
    begun(tmp_path / "gw1" / "gw1.journal", 100 * DAY)
    vacuumed(tmp_path, 90 * DAY)
    assert list((tmp_path / "left1").iterdir()) == []
    assert [one.name for one in (tmp_path / "gw1").iterdir()] == ["gw1.journal"]
