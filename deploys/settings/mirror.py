"""Where a bundle's Debian packages come from, if it is not where this machine's own apt has them from."""

from __future__ import annotations

import os


def addresses() -> list[str]:
    """The addresses in ``MIRROR``: of the archive and, if there is one, of the security archive; none without it."""
    return os.environ.get("MIRROR", "").split()
