"""One run at a time for a site: a second one says who is at work, and a dead one is in nobody's way for long."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from deploys.facts.run_lock import SILENCE
from tests import lab
from tests.inventory import PYINFRA


@contextmanager
def at_work(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run that has its locks, and goes no further until it is told to."""
    process = subprocess.Popen(
        [PYINFRA, "-y", *arguments, lab.INVENTORY, lab.SITE],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "Starting operation" in line:
                break
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def test_a_second_run_says_who_is_at_work_and_changes_nothing() -> None:
    with at_work() as first:
        second = lab.site()
        first.send_signal(signal.SIGCONT)
        first.communicate()
    assert second.code != 0
    assert f"-{first.pid}, since 20" in second.output
    assert "from 10.77.0.1: pyinfra -y inventories/lab.py deploys/site.py" in second.output
    assert "this one has changed nothing" in second.output
    assert first.returncode == 0, "the first run is not disturbed"


def test_runs_on_different_hosts_of_a_site_meet_too() -> None:
    with at_work("--limit", "gw1"):
        second = lab.site("--limit", "gw2")
    assert second.code != 0
    assert "Another run is at work on this site" in second.output


def test_a_plan_is_shown_all_the_same_and_says_so() -> None:
    with at_work():
        plan = lab.pyinfra("--dry", lab.INVENTORY, lab.SITE)
    assert plan.code == 0, plan.output
    assert "What this plan shows may be changing." in plan.output


def test_a_run_that_was_killed_is_in_nobodys_way() -> None:
    with at_work() as first:
        first.kill()
        first.wait()
        second = lab.site()
    assert second.code == 0, second.output


def test_a_run_that_is_cut_off_is_seen_to_be_dead_and_broken_by_its_name() -> None:
    with at_work() as first:
        time.sleep(SILENCE + 2)
        second = lab.site()
        assert second.code != 0
        assert re.search(r"\(silent for \d+ s: dead, or cut off\)", second.output)
        name = re.findall(r"--data break_lock=(\S+)", second.output)[-1]
        assert name.endswith(f"-{first.pid}")
        assert lab.site("--data", "break_lock=somebody@else-1").code != 0
        third = lab.site("--data", f"break_lock={name}")
        assert third.code == 0, third.output
