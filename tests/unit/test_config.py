"""config.py, which each run begins with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.inventory import PYINFRA


def test_a_run_leaves_compiled_what_it_has_loaded(tmp_path: Path) -> None:
    subprocess.run(
        [PYINFRA, "inventories/lab.py", "debug-inventory"],
        env=os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path)},
        stdin=subprocess.DEVNULL, capture_output=True, check=True,
    )  # fmt: skip
    compiled = {path.name.partition(".")[0] for path in tmp_path.glob("**/deploys/**/*.pyc")}
    # The first that config.py loads, and one that the inventory does.
    assert {"data", "lab"} <= compiled
