"""A deploy that the command line runs has a module, by which inspect finds its frames at once."""

import subprocess
import sys
from pathlib import Path

DEPLOY = """
import inspect
from pathlib import Path

Path("found").write_text(str(inspect.getmodule(inspect.currentframe()) is not None))
"""


def test_a_frame_of_a_deploy_has_its_module(tmp_path: Path) -> None:
    (tmp_path / "deploy.py").write_text(DEPLOY)
    subprocess.run([sys.executable, "-m", "pyinfra", "-y", "@fake", "deploy.py"], cwd=tmp_path, check=True)
    assert (tmp_path / "found").read_text() == "True"
