"""Versions of Debian's packages, in their order (deb-version(7))."""

from __future__ import annotations

import re

Piece = tuple[tuple[int, ...], int]

END: Piece = ((0,), 0)


def order(version: str) -> tuple[int, list[Piece], list[Piece]]:
    """
    What a version is sorted by.

    Args:
        version: such as ``1:9.2p1-2+deb12u9``
    """
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch), _part(upstream), _part(revision)


def _part(text: str) -> list[Piece]:
    """What is no digits and numbers in turn, and the end; no revision is the same as ``0``."""
    pieces = [(_weights(letters), int(digits or 0)) for letters, digits in re.findall(r"(\D*)(\d*)", text)]
    while pieces and pieces[-1] == END:
        pieces.pop()
    # Two, since a first piece may look like the end: ``0`` is later than ``0~``.
    return [*pieces, END, END]


def _weights(letters: str) -> tuple[int, ...]:
    """The tilde before the end, the end before letters, letters before all else."""
    weights = (-1 if one == "~" else ord(one) if one.isalpha() else ord(one) + 256 for one in letters)
    return (*weights, 0)
