"""The rules by which Prometheus finds that something is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from deploys.controller import files
from deploys.controller.redis import software
from deploys.settings.shared import Shared

RULES = "/etc/prometheus/rules"
_OURS = "monitoring/rules"


def rules(shared: Shared) -> Mapping[str, str]:
    """
    What each file of rules is to be, by its path on the host; what people are told to do names the site's programs.

    Args:
        shared: what all hosts share
    """
    return {f"{RULES}/{name}": software.called(files.read(f"{_OURS}/{name}"), shared) for name in files.names(_OURS)}
