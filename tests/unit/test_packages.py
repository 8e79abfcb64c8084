"""Whether services may start is the administrator's to say, but for the time that packages are installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploys.facts.packages import POLICY_MARK, Asked, Installed, policy_left
from deploys.operations.packages import starts_allowed, starts_forbidden

THEIRS = "#!/bin/sh\n# by hand\nexit 101\n"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return tmp_path / "policy-rc.d"


def run(policy: Path, *lines: str, forbidden: bool = True) -> int:
    """An installation, or only the look whether one was killed."""
    paths = str(policy), f"{policy}.kept"
    script = ["set -eu", *starts_allowed(*paths), *(starts_forbidden(*paths) if forbidden else ()), *lines]
    return subprocess.run(["sh", "-c", "\n".join(script)]).returncode


def left(policy: Path) -> list[str]:
    return sorted(path.name for path in policy.parent.iterdir())


@pytest.mark.parametrize(("line", "code"), [("true", 0), ("false", 1), ("exit 100", 100)])
@pytest.mark.parametrize("theirs", [True, False])
def test_it_forbids_starts_while_it_installs_and_no_longer(policy: Path, theirs: bool, line: str, code: int) -> None:
    if theirs:
        policy.write_text(THEIRS)
        policy.chmod(0o700)
    seen = policy.parent / "seen"
    assert run(policy, f"{policy} || echo $? > {seen}", line) == code
    assert seen.read_text() == "101\n"
    seen.unlink()
    assert left(policy) == (["policy-rc.d"] if theirs else [])
    if theirs:
        assert (policy.read_text(), policy.stat().st_mode & 0o777) == (THEIRS, 0o700)


@pytest.mark.parametrize("step", range(1 + len(starts_forbidden("policy", "kept"))))
@pytest.mark.parametrize("theirs", [True, False])
@pytest.mark.parametrize("forbidden", [True, False])
def test_a_run_that_is_killed_is_put_right_by_the_next(policy: Path, step: int, theirs: bool, forbidden: bool) -> None:
    """Wherever it is killed, and whether or not the next one installs anything."""
    if theirs:
        policy.write_text(THEIRS)
    paths = str(policy), f"{policy}.kept"
    lines = starts_forbidden(*paths)
    # Within the condition, too.
    lines.insert(step, "kill -9 $$")
    killed = subprocess.run(["sh", "-c", "\n".join(("set -eu", *starts_allowed(*paths), *lines))]).returncode
    assert killed == -9 or (not theirs and step in (1, 2, 3))
    assert run(policy, forbidden=forbidden) == 0
    assert (policy.read_text() if policy.exists() else None) == (THEIRS if theirs else None)
    assert left(policy) == (["policy-rc.d"] if theirs else [])


def test_a_link_stays_a_link(policy: Path) -> None:
    """As Debian's alternatives have it, and also where it points to nothing yet."""
    policy.symlink_to("/etc/alternatives/policy-rc.d")
    assert run(policy) == 0
    assert policy.readlink() == Path("/etc/alternatives/policy-rc.d")


def test_what_the_administrator_wrote_after_a_run_was_killed_stays(policy: Path) -> None:
    policy.write_text(THEIRS)
    assert run(policy, "kill -9 $$") == -9
    policy.write_text("#!/bin/sh\nexit 0\n")
    assert run(policy) == 0
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert left(policy) == ["policy-rc.d"]


@pytest.mark.parametrize(
    ("policy_holds", "kept_is_there", "found"),
    [
        (None, False, False),
        (THEIRS, False, False),
        (f"not {POLICY_MARK}\n", False, False),
        (f"{POLICY_MARK}\n", False, True),
        (THEIRS, True, True),
        (None, True, True),
    ],
)
def test_the_host_says_what_a_killed_run_left(
    policy: Path, policy_holds: str | None, kept_is_there: bool, found: bool
) -> None:
    kept = policy.parent / "kept"
    if policy_holds is not None:
        policy.write_text(policy_holds)
    if kept_is_there:
        kept.symlink_to("nowhere")
    look = policy_left(str(policy), str(kept))
    said = subprocess.run(["sh", "-c", look], capture_output=True, text=True, check=True).stdout
    [state] = Installed.parted([Asked(())], said.splitlines())
    assert state.policy_left is found
