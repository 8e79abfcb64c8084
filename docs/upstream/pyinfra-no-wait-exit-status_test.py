"""A run whose hosts do not wait for each other fails as any other does, and its other hosts go on."""

import subprocess
import sys
from pathlib import Path

import pytest

INVENTORY = """
responses = {"fake_delay": 0, "fake_delay_jitter": 0, "fake_responses": {"fails": {"success": False}}}
hosts = [("@fake/one", responses), ("@fake/two", responses)]
"""
DEPLOY = """
from pyinfra import host
from pyinfra.operations import server

server.shell(name="First", commands=["fails" if host.name == "@fake/one" and host.data.get("failing") else "true"])
server.shell(name="Second", commands=["true"])
"""


@pytest.mark.parametrize(("failing", "code"), [("true", 1), ("false", 0)])
def test_a_failure_is_the_exit_status(tmp_path: Path, failing: str, code: int) -> None:
    (tmp_path / "inventory.py").write_text(INVENTORY)
    (tmp_path / "deploy.py").write_text(DEPLOY)
    program = [sys.executable, "-m", "pyinfra", "-y", "--no-wait", "--data", f"failing={failing}"]
    done = subprocess.run([*program, "inventory.py", "deploy.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
