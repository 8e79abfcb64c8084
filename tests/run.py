"""
Every tier of tests, one after the other, and how long each took.

    make test                     all of them
    make test TIERS="unit plan"   only some

The lab is used as it is found: one that is up stays up, one that is started for the tests is taken
away after them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploys.settings import lab
from tests.inventory import PYINFRA

REPORTS = Path(".state/tests")
BIN = Path(sys.executable).parent
SMALLEST = "inventories/lab_smallest.py"


@dataclass
class Tier:
    """One tier: its commands, and how they ended."""

    name: str
    steps: Callable[[], bool]
    seconds: float = 0.0
    well: bool = True
    counts: dict[str, int] = field(default_factory=dict)


def command(*arguments: str | Path, directory: str | Path = ".", **variables: str) -> bool:
    """Run a command, its output as it comes; whether it ended well."""
    print(f"\n$ {' '.join(str(argument) for argument in arguments)}", flush=True)
    done = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=directory, env=os.environ | variables, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return done.returncode == 0


def pytest(report: str, *arguments: str, python: Path = BIN / "python", directory: str = ".", **variables: str) -> bool:
    """Run pytest and keep its report to count from."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    file = (REPORTS / f"{report}.xml").absolute()
    file.unlink(missing_ok=True)
    return command(python, "-m", "pytest", "-q", f"--junitxml={file}", *arguments, directory=directory, **variables)


def deployed(inventory: str) -> bool:
    """Have a lab's machines up and its site on them."""
    return command(PYINFRA, "-y", "--data", f"inventory={inventory}", "@local", "deploys/lab.py") and command(
        PYINFRA, "-y", inventory, "deploys/site.py"
    )


def lint() -> bool:
    return command("make", "--no-print-directory", "lint")


def unit() -> bool:
    return pytest("unit", "tests/unit")


def plan() -> bool:
    return pytest("plan", "tests/plan")


def gateway() -> bool:
    python = Path(".venv-gateway/bin/python").absolute()
    types = command(python, "-m", "mypy", directory="gateway")
    style = command(python, "-m", "ruff", "check", directory="gateway")
    programs = command(PYINFRA, "-y", "@local", "tests/controller.py")
    return programs and pytest("gateway", python=python, directory="gateway") and types and style


def site() -> bool:
    return deployed("inventories/lab.py")


def hosts() -> bool:
    return pytest("hosts", "tests/hosts")


def smallest() -> bool:
    """The smallest site, on the other Debian: its hosts behave, and a second run changes nothing."""
    return deployed(SMALLEST) and pytest(
        "smallest", "tests/hosts", "tests/scenarios/test_second_run.py", INVENTORY=SMALLEST
    )


def scenarios() -> bool:
    return pytest("scenarios", "tests/scenarios")


TIERS = [
    Tier("lint", lint),
    Tier("unit", unit),
    Tier("plan", plan),
    Tier("site", site),
    Tier("hosts", hosts),
    Tier("smallest", smallest),
    Tier("scenarios", scenarios),
    Tier("gateway", gateway),
]


def counted(tier: Tier) -> dict[str, int]:
    """How many tests of a tier ended how; a tier without tests counts as one."""
    file = REPORTS / f"{tier.name}.xml"
    if not file.exists():
        return {"passed": int(tier.well), "failed": int(not tier.well), "skipped": 0}
    suite = xml.parse(file).getroot().find("testsuite")
    numbers = (
        {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")} if suite is not None else {}
    )
    failed = numbers.get("failures", 0) + numbers.get("errors", 0)
    skipped = numbers.get("skipped", 0)
    return {"passed": numbers.get("tests", 0) - failed - skipped, "failed": failed, "skipped": skipped}


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


def main(chosen: list[str]) -> int:
    """Run the tiers, print the table, and end with 1 if any failed."""
    unknown = set(chosen) - {tier.name for tier in TIERS}
    if unknown:
        print(f"There is no tier {', '.join(sorted(unknown))}. There are: {', '.join(tier.name for tier in TIERS)}.")
        return 2
    tiers = [tier for tier in TIERS if not chosen or tier.name in chosen]
    found_up = lab_is_up()
    if not found_up:
        # What an earlier lab left, with who knows what on its disks, is not what is to be tested.
        command(PYINFRA, "-y", "@local", "deploys/lab_down.py")
    try:
        for tier in tiers:
            (REPORTS / f"{tier.name}.xml").unlink(missing_ok=True)
            begin = time.monotonic()
            tier.well = tier.steps()
            tier.seconds = time.monotonic() - begin
            tier.counts = counted(tier)
    finally:
        if not found_up:
            command(PYINFRA, "-y", "@local", "deploys/lab_down.py")
    give_back()
    print(f"\n{'tier':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'time':>10}")
    for tier in tiers:
        counts = tier.counts
        numbers = f"{counts['passed']:>8}{counts['failed']:>8}{counts['skipped']:>9}"
        print(f"{tier.name:<12}{numbers}{tier.seconds:>8.0f} s{'' if tier.well else '   FAILED'}")
    print(f"{'all':<37}{sum(tier.seconds for tier in tiers):>8.0f} s")
    passed = sum(tier.counts["passed"] for tier in tiers)
    failed = sum(max(tier.counts["failed"], int(not tier.well)) for tier in tiers)
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
