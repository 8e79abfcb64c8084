"""The tiers of tests: what each runs, and on what."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.inventory import PYINFRA

REPORTS = Path(".state/tests")
PYTHON = Path(sys.executable)
SMALLEST = "inventories/lab_smallest.py"
NO_TESTS = 5
"""How pytest ends where nothing was to be run (``pytest.ExitCode.NO_TESTS_COLLECTED``)."""


@dataclass(frozen=True)
class Tier:
    """
    One tier.

    Attributes:
        name: what ``TIERS`` and the table of results call it.
        steps: runs it, told which marker pytest selects by; whether all went well.
        needs_lab: it runs on the lab's machines.
        has_long_tests: tests of it may be marked as long.
    """

    name: str
    steps: Callable[[str], bool]
    needs_lab: bool = False
    has_long_tests: bool = True


def command(*arguments: str | Path, directory: str | Path = ".", **variables: str) -> int:
    """Run a command, its output as it comes, and return its exit status."""
    print(f"\n$ {' '.join(str(argument) for argument in arguments)}", flush=True)
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=directory, env=os.environ | variables, stdin=subprocess.DEVNULL, check=False,
    ).returncode  # fmt: skip


def succeeds(*arguments: str | Path, directory: str | Path = ".") -> bool:
    """Run a command, its output as it comes; whether it ended well."""
    return command(*arguments, directory=directory) == 0


def pytest(
    report: str, marker: str, *arguments: str, python: Path = PYTHON, directory: str = ".", **variables: str
) -> bool:
    """Run pytest and keep its report to count from. A tier may have no long test."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    file = (REPORTS / f"{report}.xml").absolute()
    ended = command(
        python, "-m", "pytest", "-q", "-m", marker, f"--junitxml={file}", *arguments,
        directory=directory, **variables,
    )  # fmt: skip
    return ended == 0 or (ended == NO_TESTS and marker == "long")


def deployed(inventory: str) -> bool:
    """Have a lab's machines up and its site on them."""
    return succeeds(PYINFRA, "-y", "--data", f"inventory={inventory}", "@local", "deploys/lab.py") and succeeds(
        PYINFRA, "-y", inventory, "deploys/site.py"
    )


def lint(marker: str) -> bool:
    return succeeds("make", "--no-print-directory", "lint")


def unit(marker: str) -> bool:
    return pytest("unit", marker, "--numprocesses=logical", "tests/unit")


def plan(marker: str) -> bool:
    # Side by side, each test would build the same wheels into the same directory.
    return succeeds("make", "--no-print-directory", "bundle") and pytest(
        "plan", marker, "--numprocesses=logical", "tests/plan"
    )


def gateway(marker: str) -> bool:
    python = Path(".venv-gateway/bin/python").absolute()
    types = succeeds(python, "-m", "mypy", directory="gateway")
    style = succeeds(python, "-m", "ruff", "check", directory="gateway")
    programs = succeeds(PYINFRA, "-y", "@local", "tests/controller.py")
    return (
        programs
        and pytest(
            "gateway", marker, "--numprocesses=logical", "tests", "development", python=python, directory="gateway"
        )
        and types
        and style
    )


def site(marker: str) -> bool:
    return deployed("inventories/lab.py")


def hosts(marker: str) -> bool:
    return pytest("hosts", marker, "tests/hosts")


def smallest(marker: str) -> bool:
    """The smallest site, on the other Debian: its hosts behave, and a second run changes nothing."""
    return deployed(SMALLEST) and pytest(
        "smallest", marker, "tests/hosts", "tests/scenarios/test_second_run.py", INVENTORY=SMALLEST
    )


def scenarios(marker: str) -> bool:
    return pytest("scenarios", marker, "tests/scenarios")


TIERS = [
    Tier("lint", lint, has_long_tests=False),
    Tier("unit", unit),
    Tier("plan", plan),
    Tier("site", site, needs_lab=True),
    Tier("hosts", hosts, needs_lab=True),
    Tier("smallest", smallest, needs_lab=True, has_long_tests=False),
    Tier("scenarios", scenarios, needs_lab=True),
    Tier("gateway", gateway),
]
