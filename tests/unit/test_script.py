"""A script on a host ends at its first error, and no other runs beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploys.operations.script import script


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of the test's own, for which no script waits."""
    path = tmp_path / "run" / "lock"
    monkeypatch.setattr("deploys.operations.script.LOCK", str(path))
    monkeypatch.setattr("deploys.operations.script.LOCK_TIMEOUT", 0)
    return path


def run(*lines: str) -> subprocess.CompletedProcess[str]:
    text = script(*lines).get_raw_value()
    return subprocess.run(["sh", "-c", text], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_it_is_what_runs_on_a_host() -> None:
    command = script("echo 'one'", "echo two", stdin="text")
    assert command.connector_arguments == {"_stdin": "text"}
    assert command.get_raw_value() == (
        "mkdir -p /run/tracseq && flock --close --timeout 900 --conflict-exit-code 75 /run/tracseq/lock sh -c "
        """'set -eu\necho '"'"'one'"'"'\necho two' """
        "&& { [ ! -s /run/tracseq/run.lock ] || { mkdir -p /var/lib/tracseq/state; "
        """printf 'tracseq_last_change_timestamp_seconds{run="%s"} %s\\n' """
        """"$(cut -f 1 /run/tracseq/run.lock)" "$(date +%s)" > /var/lib/tracseq/state/last_change.prom; } || true; } """
        "|| { code=$?; [ $code != 75 ] || echo 'An earlier run is still at work on this host, for 900 s now "
        "(ps -ef shows what it does). Let it end, and run again.' >&2; exit $code; }"
    )


@pytest.mark.parametrize(("failing", "code"), [("false", 1), ("exit 7", 7), ('echo "$unset"', 2)])
def test_it_ends_at_its_first_error(lock: Path, failing: str, code: int) -> None:
    done = run("echo before", failing, "echo after")
    assert (done.returncode, done.stdout) == (code, "before\n")


def test_no_other_runs_beside_it(lock: Path) -> None:
    lock.parent.mkdir()
    with subprocess.Popen(["flock", str(lock), "sh", "-c", "echo; read line"], stdin=-1, stdout=-1) as other:
        assert other.stdin and other.stdout
        other.stdout.readline()
        done = run("echo begun")
        other.stdin.close()
    assert (done.returncode, done.stdout) == (75, "")
    assert "An earlier run is still at work on this host" in done.stderr
    assert run("echo begun").stdout == "begun\n"


def test_what_it_leaves_running_does_not_hold_the_lock(lock: Path) -> None:
    """As a daemon does that an init script starts."""
    left = run("sleep 60 </dev/null >/dev/null 2>&1 &", "echo $!")
    try:
        assert run("echo begun").stdout == "begun\n"
    finally:
        subprocess.run(["kill", left.stdout.strip()], check=True)
