"""The lab itself: repaired where it died half way, and gone without a trace."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from deploys.settings import lab as settings
from tests import lab

NAME = "outsider1"


def traces() -> str:
    """All that is on this machine of one machine of the lab."""
    directory = settings.machine_directory(NAME)
    found = [str(directory)] if directory.exists() else []
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if str(directory) in line]
    found += [line for line in subprocess.getoutput("ip -br link").splitlines() if f"vb-{NAME}" in line]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/{settings.BRIDGE}/{NAME}")]
    return "\n".join(found)


def test_up_again_changes_nothing() -> None:
    before = {name: lab.first_process(name) for name in lab.names()}
    run = lab.pyinfra("-y", "--json", "@local", "deploys/lab.py")
    assert run.code == 0, run.output
    assert run.changes == {}
    assert {name: lab.first_process(name) for name in lab.names()} == before


def test_a_machine_whose_process_died_boots_again_from_its_disk() -> None:
    lab.up()
    marker = settings.machine_directory(NAME) / "root" / "kept"
    marker.write_text("yes")
    nspawn = int((settings.machine_directory(NAME) / "pid").read_text())
    os.kill(nspawn, signal.SIGKILL)
    lab.ended(nspawn)
    assert str(settings.machine_directory(NAME) / "root") in Path("/proc/mounts").read_text(), "it left its mount"
    lab.up()
    assert marker.read_text() == "yes"
    assert lab.running(NAME)
    marker.unlink()


def test_a_machine_that_is_taken_away_leaves_nothing() -> None:
    assert traces()
    lab.destroy(NAME)
    assert traces() == ""
    lab.up()
    assert lab.running(NAME)


def test_a_machine_that_the_inventory_does_not_have() -> None:
    run = lab.pyinfra("-y", "--data", "machines=gw9", "@local", "deploys/lab.py")
    assert run.code != 0
    assert "inventories/lab.py has no machine named gw9." in run.output


def test_a_machine_whose_owner_was_killed_is_taken_away_by_the_next_lab(tmp_path: Path) -> None:
    inventory = tmp_path / "orphan.py"
    inventory.write_text('from deploys.settings.lab import host\n\nothers = [host("orphan1", 99)]\n')
    owner = subprocess.Popen(["sleep", "600"])
    run = lab.pyinfra(
        *("-y", "--data", f"inventory={inventory}", "--data", f"owner={owner.pid}"), "@local", "deploys/lab.py"
    )
    assert run.code == 0, run.output
    lab.up()
    assert lab.running("orphan1"), "its owner lives"
    owner.kill()
    owner.wait()
    lab.up()
    assert not settings.machine_directory("orphan1").exists()
    assert "orphan1" not in Path("/proc/mounts").read_text()
