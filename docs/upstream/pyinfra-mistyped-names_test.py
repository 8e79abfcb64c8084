"""A run that would do nothing, because a name is mistyped, is an error."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (directory / "inventory.py").write_text('hosts = ["@fake/one", "@fake/two"]\n')
    (directory / "deploy.py").write_text("")
    program = [sys.executable, "-m", "pyinfra", "-y"]
    return subprocess.run([*program, *arguments, "deploy.py"], cwd=directory, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--limit", "nobody", "inventory.py"), "No host matches found for --limit pattern: nobody"),
        (("--exclude", "nobody", "inventory.py"), "No host matches found for --exclude pattern: nobody"),
        (("inventories/typo.py",), "inventories/typo.py is neither an inventory file"),
    ],
)
def test_a_name_that_is_none_ends_the_run(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 1
    assert message in done.stdout + done.stderr


def test_names_that_are_some_go_on(tmp_path: Path) -> None:
    assert run(tmp_path, "--limit", "*/one", "inventory.py").returncode == 0
