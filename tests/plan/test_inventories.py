"""Every inventory of the repository, with its group_data, is one that a run takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.copy import Copy
from tests.lab import pyinfra

INVENTORIES = sorted(path.stem for path in Path("inventories").glob("*.py"))


@pytest.mark.parametrize("name", INVENTORIES)
def test_its_data_is_valid(name: str, tmp_path: Path) -> None:
    copy = Copy(tmp_path, name.partition("_")[0])
    run = pyinfra(f"inventories/{name}.py", "deploys/check_data.py", directory=copy.directory)
    assert run.code == 0, run.output
