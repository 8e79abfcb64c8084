"""A copy of the repository in which a plan test can break what it likes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploys.settings import secrets
from tests.lab import Run, pyinfra

PARTS = (
    "config.py",
    "deploys",
    "files",
    "gateway",
    "group_data",
    "inventories",
    "templates",
    "tests",
)


class Copy:
    """The repository's parts, as links, in a directory of their own with secrets of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        root = Path.cwd()
        for part in PARTS:
            if (root / part).exists():
                (directory / part).symlink_to(root / part)
        (directory / ".cache").symlink_to(root / ".cache")
        self.secrets = directory / ".env.plan"
        secrets.invent(str(self.secrets))

    def own(self, part: str) -> Path:
        """A part of the copy's own, to be changed."""
        path = self.directory / part
        source = path.resolve()
        path.unlink()
        shutil.copytree(source, path)
        return path

    def plan(self, *arguments: str, inventory: str = "tests/plan/inventory.py") -> Run:
        """What a deploy of the pretended site would do."""
        return pyinfra("--dry", "--json", *arguments, inventory, "deploys/site.py", directory=self.directory)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)
