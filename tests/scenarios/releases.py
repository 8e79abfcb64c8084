"""Another release of the gateway, and who asks meanwhile."""

from __future__ import annotations

from pathlib import Path

from tests import lab
from tests.copy import Copy
from tests.tokens import token


def another(directory: Path, *arguments: str) -> Path:
    """
    A copy of the repository whose gateway is another release, with its wheels built.

    Args:
        directory: an empty one
        arguments: of the runs that are to bring it out
    """
    copy = Copy(directory, "lab")
    copy.secrets.write_bytes(Path(".env.lab").read_bytes())
    readme = copy.own("gateway") / "README.md"
    readme.write_text(f"{readme.read_text()}\nOf the next release.\n")
    planned = lab.pyinfra("--dry", "--json", *arguments, lab.INVENTORY, lab.SITE, directory=directory)
    assert planned.code == 0, planned.output
    return directory


def authorization() -> dict[str, str]:
    """The header with which a technician asks."""
    return {"Authorization": f"Bearer {token(sub='technician-1', roles=['technician'])}"}
