"""`make test`: what the tiers need, which tests they select, and what is said about them at the end."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import results, tiers
from tests.run import chosen

SAMPLES = """
import time
import pytest

def test_quick(): pass
def test_slow(): time.sleep(0.2)
def test_broken(): assert False
@pytest.mark.skip
def test_left_out(): pass
@pytest.mark.long
def test_soak(): pass
"""


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tiers, "REPORTS", tmp_path / "reports")
    file = tmp_path / "test_samples.py"
    file.write_text(SAMPLES)
    return file


def names(report: Path) -> list[str]:
    return [duration.test.split(".")[-1] for duration in results.durations("sample", report)]


def test_ordinary_tests_are_counted_and_the_slowest_named(samples: Path) -> None:
    assert not tiers.pytest("sample", "not long", str(samples))
    report = tiers.REPORTS / "sample.xml"
    result = results.result_of("sample", 1.0, False, report)
    assert (result.passed, result.failed, result.skipped) == (2, 1, 1)
    assert "sample             2       1        1       1 s   FAILED" in results.table([result])
    assert results.slowest(results.durations("sample", report), 1).endswith("test_slow")


def test_what_failed_is_said_at_the_end(samples: Path) -> None:
    tiers.pytest("sample", "not long", str(samples))
    (broken,) = results.failures("sample", tiers.REPORTS / "sample.xml")
    assert broken.endswith("test_samples.test_broken: assert False")


def test_long_tests_are_for_test_long_only(samples: Path) -> None:
    assert tiers.pytest("sample", "long", str(samples))
    assert names(tiers.REPORTS / "sample.xml") == ["test_soak"]


def test_a_tier_may_have_no_long_test_but_not_no_test(samples: Path) -> None:
    samples.write_text("def test_quick(): pass\n")
    assert tiers.pytest("sample", "long", str(samples))
    samples.write_text("")
    assert not tiers.pytest("sample", "not long", str(samples))


def test_a_tier_without_a_report_counts_as_one(tmp_path: Path) -> None:
    assert results.result_of("site", 1.0, False, tmp_path / "none.xml").failed == 1
    assert results.result_of("site", 1.0, True, tmp_path / "none.xml").passed == 1


def test_style_has_no_long_tests() -> None:
    assert [tier.name for tier in chosen(["lint", "unit", "gateway"], long=True)] == ["unit", "gateway"]
    assert [tier.name for tier in chosen(["lint", "unit"], long=False)] == ["lint", "unit"]


@pytest.mark.parametrize(
    ("wanted", "sslyze", "gateway", "root"),
    [
        ("unit", False, False, False),
        ("lint plan", False, False, False),
        ("gateway", False, True, False),
        ("scenarios", False, False, True),
        ("hosts", True, False, True),
        ("", True, True, True),
    ],
)
def test_only_what_the_tiers_need_is_made(wanted: str, sslyze: bool, gateway: bool, root: bool) -> None:
    # As if nothing was there yet; options of a make around this test are not for the one in it.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "TIERS")}
    recipe = subprocess.run(
        ["make", "--dry-run", "--always-make", "test", f"TIERS={wanted}", "SUDO=sudo"],
        capture_output=True, text=True, check=True, env=environment,
    ).stdout  # fmt: skip
    assert ("-m venv .venv-sslyze" in recipe) is sslyze
    assert ("-m venv .venv-gateway" in recipe) is gateway
    assert recipe.splitlines()[-1].startswith("sudo ") is root
