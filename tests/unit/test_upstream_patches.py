"""Each patch for pyinfra or paramiko applies to what is installed; its test passes with it, and fails without it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PATCHES = sorted(Path("docs/upstream").glob("*.patch"))
PACKAGES = ("paramiko", "pyinfra", "pyinfra_cli")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A directory with copies of the packages that are patched."""
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        assert found and found.origin
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(found.origin).parent, tmp_path / "packages" / name, ignore=ignored)
    return tmp_path / "packages"


def run_its_test(patch: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    """Run the test of a patch with these packages, and not with those that are installed."""
    test = patch.with_name(f"{patch.stem}_test.py").absolute()
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(test)]
    environment = os.environ | {"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1", "PYINFRA_FAKE_DELAY": "0"}
    return subprocess.run(
        program, cwd=packages.parent, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


@pytest.mark.long
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_it_mends_what_it_says(patch: Path, packages: Path) -> None:
    without = run_its_test(patch, packages)
    assert without.returncode == 1, f"its test says nothing without it:\n{without.stdout}{without.stderr}"
    subprocess.run(["git", "apply", "-p1", str(patch.absolute())], cwd=packages, check=True)
    done = run_its_test(patch, packages)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_patch_is_told_of_and_has_a_test() -> None:
    readme = Path("docs/upstream/README.md").read_text()
    assert PATCHES
    for patch in PATCHES:
        assert f"`{patch.stem}`" in readme
        assert patch.with_name(f"{patch.stem}_test.py").is_file()
