"""
Every tier of tests, one after the other, and how long each took.

    make test                     all of them
    make test TIERS="unit plan"   only some
    make test-long                what these leave out: tests marked as long

The lab is used as it is found: one that is up stays up, one that is started for the tests is taken
away after them. Tiers that run on nothing leave it alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploys.settings import lab
from tests import results
from tests.inventory import PYINFRA
from tests.tiers import NO_TESTS, PYTHON, REPORTS, TIERS, Tier, command


def lab_is_up() -> bool:
    """Whether any machine of the lab runs."""
    for file in (lab.DIRECTORY / "machines").glob("*/pid"):
        arguments = Path(f"/proc/{file.read_text().strip()}/cmdline")
        if arguments.exists() and b"systemd-nspawn" in arguments.read_bytes():
            return True
    return False


def give_back() -> None:
    """Leave to whoever used sudo what was made here as root: a scenario does to machines what only root can."""
    if user := os.environ.get("SUDO_UID"):
        places = [".", *([str(lab.SSH_KEY.parent)] if lab.SSH_KEY.exists() else [])]
        command("chown", "-R", f"{user}:{os.environ['SUDO_GID']}", *places)


def lab_has_long_tests() -> bool:
    """Whether it is worth the while to have a lab for them; asked without one."""
    collect = [str(PYTHON), "-m", "pytest", "--collect-only", "-q", "-m", "long", "tests/hosts", "tests/scenarios"]
    return subprocess.run(collect, capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode != NO_TESTS


def chosen(names: Sequence[str], *, long: bool) -> list[Tier]:
    """The tiers of these names, or all; of those for long tests, the ones that may have some."""
    tiers = [tier for tier in TIERS if not names or tier.name in names]
    if not long:
        return tiers
    with_lab = any(tier.needs_lab for tier in tiers) and lab_has_long_tests()
    return [tier for tier in tiers if tier.has_long_tests and (with_lab or not tier.needs_lab)]


def run(tiers: Sequence[Tier], marker: str) -> list[results.Result]:
    """Run the tiers, with a lab around them where one of them needs it."""
    make_lab = any(tier.needs_lab for tier in tiers) and not lab_is_up()
    if make_lab:
        # What an earlier lab left, with who knows what on its disks, is not what is to be tested.
        command(PYINFRA, "-y", "@local", "deploys/lab_down.py")
    ended = []
    try:
        for tier in tiers:
            report = REPORTS / f"{tier.name}.xml"
            report.unlink(missing_ok=True)
            begin = time.monotonic()
            well = tier.steps(marker)
            ended.append(results.result_of(tier.name, time.monotonic() - begin, well, report))
    finally:
        if make_lab:
            command(PYINFRA, "-y", "@local", "deploys/lab_down.py")
    return ended


def main(arguments: Sequence[str]) -> int:
    """Run the tiers, print the table and the slowest tests, and end with 1 if any failed."""
    long = "--long" in arguments
    names = [argument for argument in arguments if argument != "--long"]
    if unknown := set(names) - {tier.name for tier in TIERS}:
        print(f"There is no tier {', '.join(sorted(unknown))}. There are: {', '.join(tier.name for tier in TIERS)}.")
        return 2
    tiers = chosen(names, long=long)
    ended = run(tiers, "long" if long else "not long")
    give_back()
    print(f"\n{results.table(ended)}")
    taken = [one for tier in tiers for one in results.durations(tier.name, REPORTS / f"{tier.name}.xml")]
    if taken:
        print(f"\nThe slowest tests:\n{results.slowest(taken)}")
    failures = [one for tier in tiers for one in results.failures(tier.name, REPORTS / f"{tier.name}.xml")]
    if failures:
        # At the very end: it is what is left of an output that is cut.
        print("\nFailed:", *failures, sep="\n  ")
    failed = sum(result.failed for result in ended)
    print(f"\n{sum(result.passed for result in ended)} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
