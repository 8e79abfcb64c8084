"""Directories that hold anything."""

from __future__ import annotations

import shlex


def filled(directory: str, then: str) -> str:
    """
    Shell that does something where a directory holds anything.

    + directory: its path
    + then: what is done
    """
    # The root of a disk has one of these from mkfs on.
    found = f"find {shlex.quote(directory)} -mindepth 1 -not -name lost+found -print -quit 2>/dev/null"
    return f'[ -z "$({found})" ] || {then}'
