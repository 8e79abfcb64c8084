"""How tiers of tests ended, from the reports that pytest writes (JUnit's XML)."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

REASON = 300
"""Characters of what a test failed by that are shown; pytest printed all of it above."""


@dataclass(frozen=True)
class Result:
    """How one tier ended, after how many seconds; a tier without tests counts as one."""

    name: str
    seconds: float
    passed: int
    failed: int
    skipped: int
    well: bool


@dataclass(frozen=True)
class Duration:
    """What one test took, its fixtures included."""

    seconds: float
    tier: str
    test: str


def result_of(name: str, seconds: float, well: bool, report: Path) -> Result:
    """Count how the tests of a tier ended, by its report; a tier that is not well has a failure at least."""
    if not report.exists():
        return Result(name, seconds, int(well), int(not well), 0, well)
    suite = _suite(report)
    tests, failures, errors, skipped = (int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped"))
    failed = failures + errors
    return Result(name, seconds, tests - failed - skipped, max(failed, int(not well)), skipped, well)


def durations(tier: str, report: Path) -> list[Duration]:
    """What each test of a report took."""
    if not report.exists():
        return []
    return [
        Duration(float(case.get("time", 0)), tier, f"{case.get('classname', '')}.{case.get('name', '')}".strip("."))
        for case in _suite(report).iter("testcase")
    ]


def failures(tier: str, report: Path) -> list[str]:
    """The tests of a report that failed, each with what it failed by."""
    found = []
    for case in _suite(report).iter("testcase") if report.exists() else ():
        for kind in ("failure", "error"):
            if (problem := case.find(kind)) is not None:
                reason = " ".join(problem.get("message", "").split())
                found.append(f"{tier}  {case.get('classname', '')}.{case.get('name', '')}: {reason[:REASON]}")
    return found


def table(results: Iterable[Result]) -> str:
    """A line for each tier, and one for all."""
    lines = [f"{'tier':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'time':>10}"]
    total = 0.0
    for result in results:
        numbers = f"{result.passed:>8}{result.failed:>8}{result.skipped:>9}"
        lines.append(f"{result.name:<12}{numbers}{result.seconds:>8.0f} s{'' if result.well else '   FAILED'}")
        total += result.seconds
    return "\n".join([*lines, f"{'all':<37}{total:>8.0f} s"])


def slowest(all_durations: Iterable[Duration], number: int = 10) -> str:
    """The slowest tests of all tiers, a line for each."""
    chosen = sorted(all_durations, key=lambda duration: -duration.seconds)[:number]
    return "\n".join(f"{one.seconds:>8.1f} s  {one.tier:<10}  {one.test}" for one in chosen)


def _suite(report: Path) -> xml.Element:
    """The one suite of a report; empty where pytest wrote none."""
    suite = xml.parse(report).getroot().find("testsuite")
    return xml.Element("testsuite") if suite is None else suite
