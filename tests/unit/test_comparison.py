"""A gateway with a new release that answers much slower than one with the old release is told from others."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import OperationError

from deploys.engine.elsewhere import ElsewhereError
from deploys.operations import comparison
from deploys.operations.comparison import FIRST, TIMES, Comparison, compared

NEW, OLD = "http://10.0.0.21:8000/health", "http://10.0.0.22:8000/health"
BOTH = Comparison("gw1", NEW, "gw2", OLD)


def judged(directory: Path, new: float, old: float, code: int = 200) -> subprocess.CompletedProcess[str]:
    """What the shell says where curl says this of both, asked in turns; the first answers of a new process are slow."""
    rows = [f"{code} {new if place >= FIRST else 1.0:.6f} {NEW}\n200 {old:.6f} {OLD}" for place in range(TIMES)]
    curl = directory / "curl"
    curl.write_text("#!/bin/sh\ncat <<'E'\n" + "\n".join(rows) + "\nE\n")
    curl.chmod(0o755)
    return subprocess.run(
        ["sh", "-euc", "\n".join(BOTH.lines())],
        env={**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"},
        text=True,
        capture_output=True,
    )


@pytest.mark.parametrize(("new", "old"), [(0.010, 0.001), (0.5, 0.05), (5.0, 0.4)])
def test_one_that_is_ten_times_slower_fails(tmp_path: Path, new: float, old: float) -> None:
    done = judged(tmp_path, new, old)
    assert done.returncode == 1
    assert done.stderr.startswith("gw1 is slower with it than gw2 is with what it had")
    assert f"up to {new:.6f} s, the other's {old:.6f} s." in done.stderr


@pytest.mark.parametrize(("new", "old"), [(0.002, 0.001), (0.003, 0.0005), (0.1, 0.05)])
def test_one_that_takes_about_as_long_does_not(tmp_path: Path, new: float, old: float) -> None:
    done = judged(tmp_path, new, old)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_one_that_does_not_answer_is_not_judged(tmp_path: Path) -> None:
    done = judged(tmp_path, 5.0, 0.001, code=429)
    assert done.returncode == 0
    assert done.stdout == "gw1 or gw2 did not answer: they are not compared.\n"


def test_both_are_asked_as_often() -> None:
    text = "\n".join(BOTH.lines())
    assert text.count(f"--output /dev/null {NEW}") == text.count(f"--output /dev/null {OLD}") == TIMES


def test_a_host_that_is_not_reached_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "lb1 is not reached"

    def done(target: str, command: StringCommand, within: int | None = None) -> list[str]:
        raise ElsewhereError(said)

    monkeypatch.setattr("deploys.engine.elsewhere.done", done)
    compared(BOTH, "lb1")
    said = f"lb1 said: gw1 {comparison.IS_SLOWER} than gw2"
    with pytest.raises(OperationError, match="gw1 is slower with it"):
        compared(BOTH, "lb1")
