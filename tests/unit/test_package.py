"""The wheel of this project holds every module of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path


def test_a_wheel_has_every_module(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy("pyproject.toml", source)
    shutil.copytree("deploys", source / "deploys", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={tmp_path}", source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    modules = {str(path.relative_to(source)) for path in (source / "deploys").rglob("*.py")}
    assert {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")} == modules
