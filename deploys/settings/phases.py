"""The phases in which a site can be deployed, as the deployment guide numbers them."""

from __future__ import annotations

from typing import Any

NAMES = {1: "core", 2: "enhanced", 3: "monitoring", 4: "hardening"}
LAST = max(NAMES)


def numbered(given: Any) -> Any:
    """The number of a phase, as the command line gives it."""
    if given not in (None, *NAMES) or isinstance(given, bool):
        listed = ", ".join(f"{number} ({name})" for number, name in NAMES.items())
        raise ValueError(f"{given!r} is no phase; there are {listed}")
    return given
