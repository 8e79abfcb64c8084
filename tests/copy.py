"""A copy of the repository in which a test can break what it likes."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploys.settings import declarations, secrets

PARTS = (
    ".cache",
    # The lab's hosts trust its authority. A pretended site has one of its own in each copy: tests run side by side.
    ".state/lab",
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
    """The repository's parts, as links, in a directory of their own, with secrets of their own."""

    def __init__(self, directory: Path, environment: str) -> None:
        self.directory = directory
        for part in PARTS:
            source = Path(part).absolute()
            if part.startswith("."):
                source.mkdir(mode=0o700, parents=True, exist_ok=True)
            link = directory / part
            link.parent.mkdir(mode=0o700, exist_ok=True)
            link.symlink_to(source)
        self.secrets = directory / f".env.{environment}"
        secrets.invent(str(self.secrets), declarations.secrets())

    def own(self, part: str) -> Path:
        """A part of the copy's own, to be changed."""
        path = self.directory / part
        source = path.resolve()
        path.unlink()
        shutil.copytree(source, path)
        return path
