"""What an inventory gives a host, before anything of it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Given:
    """A host as the inventory gives it."""

    target: str
    """What pyinfra calls it: its name, with a connector before it where the inventory has one."""
    groups: frozenset[str]
    data: Mapping[str, Any]
    """All that inventory, group_data and the command line say of it."""
