"""
Journals as a receiver writes them.

systemd-journal-remote 252 wrote them with --compress=no, and SYSTEMD_JOURNAL_COMPACT=0 and 1: of a minute in which one
line came at its seconds 0, 20, 40 and 51 to 59, and others between.
"""

from __future__ import annotations

import lzma
from pathlib import Path

KINDS = ("regular", "compact")
LINES = 60
BEGIN = 1_795_664_000_000_000
OFTEN = [BEGIN + 1_000_000 * second for second in (0, 20, 40, *range(51, 60))]


def journal(kind: str) -> bytes:
    """One of them."""
    return lzma.decompress((Path(__file__).parent / f"{kind}.journal.xz").read_bytes())
