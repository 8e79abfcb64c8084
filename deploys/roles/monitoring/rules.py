"""The rules by which Prometheus finds that something is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from deploys.controller import files

RULES = "/etc/prometheus/rules"
_OURS = "monitoring/rules"


def rules() -> Mapping[str, str]:
    """What each file of rules is to be, by its path on the host."""
    return {f"{RULES}/{name}": files.read(f"{_OURS}/{name}") for name in files.names(_OURS)}
