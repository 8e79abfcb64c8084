"""The wheel of this project holds every module of it, and its license."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path


def test_a_wheel_has_every_module_and_the_license(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for file in ("pyproject.toml", "LICENSE"):
        shutil.copy(file, source)
    shutil.copytree("deploys", source / "deploys", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={tmp_path}", source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    modules = {str(path.relative_to(source)) for path in (source / "deploys").rglob("*.py")}
    names = zipfile.ZipFile(wheel).namelist()
    assert {name for name in names if name.endswith(".py")} == modules
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)
