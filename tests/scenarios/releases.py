"""Another release of the gateway, and who asks meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests import lab
from tests.copy import Copy
from tests.tokens import token


def another(
    directory: Path,
    *arguments: str,
    changes: Iterable[tuple[str, str, str]] = (),
    files: Mapping[str, str] | None = None,
) -> Path:
    """
    A copy of the repository whose gateway is another release, with its wheels built.

    Args:
        directory: an empty one
        arguments: of the runs that are to bring it out
        changes: what is different in it: a file of the gateway, a text in it, and what stands there instead
        files: further files of its gateway, by their paths
    """
    copy = Copy(directory, "lab")
    copy.secrets.write_bytes(Path(".env.lab").read_bytes())
    gateway = copy.own("gateway")
    readme = gateway / "README.md"
    readme.write_text(f"{readme.read_text()}\nOf the next release.\n")
    for name, text, instead in changes:
        path = gateway / name
        assert path.read_text().count(text) == 1, f"{text!r} is in {name} once"
        path.write_text(path.read_text().replace(text, instead))
    for name, text in (files or {}).items():
        (gateway / name).write_text(text)
    planned = lab.pyinfra("--dry", "--json", *arguments, lab.INVENTORY, lab.SITE, directory=directory)
    assert planned.code == 0, planned.output
    return directory


def authorization() -> dict[str, str]:
    """The header with which a technician asks."""
    return {"Authorization": f"Bearer {token(sub='technician-1', roles=['technician'])}"}
