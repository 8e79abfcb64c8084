"""Files that are sent as they are: they lie in files/<role>/."""

from __future__ import annotations

from pathlib import Path

FILES = Path("files")


def read(path: str) -> str:
    """
    The text of a file.

    Args:
        path: below files/
    """
    return (FILES / path).read_text()


def names(directory: str) -> list[str]:
    """
    The names of the files in a directory, in order.

    Args:
        directory: below files/
    """
    return sorted(path.name for path in (FILES / directory).iterdir())
