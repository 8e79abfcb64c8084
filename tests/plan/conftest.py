"""Plans of a site of pretended machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.copy import Copy
from tests.lab import Run, pyinfra


class PlannedCopy(Copy):
    """A copy of the repository that plans."""

    def plan(self, *arguments: str, inventory: str = "tests/plan/inventory.py") -> Run:
        """What a deploy of the pretended site would do."""
        return pyinfra("--dry", "--json", *arguments, inventory, "deploys/site.py", directory=self.directory)


@pytest.fixture
def copy(tmp_path: Path) -> PlannedCopy:
    return PlannedCopy(tmp_path, "plan")
