"""What a host tells of itself in Prometheus' text format, asked in the middle of an operation of any host."""

from __future__ import annotations

import shlex

from pyinfra.api import StringCommand

from deploys.engine import elsewhere

WITHIN = 30
"""Seconds that a host may take to answer."""


def lines(target: str, url: str, series: str) -> list[str]:
    """
    The lines of some series; none where nobody answers at that URL.

    + target: what pyinfra calls the host
    + url: of its metrics, as the host itself asks for them
    + series: what their lines begin with, as grep(1) has it with ``-E``

    Raises:
        ElsewhereError: where the host is not reached.
    """
    asked = f"curl --silent --max-time 5 {shlex.quote(url)} | grep -E {shlex.quote(series)} || true"
    return elsewhere.done(target, StringCommand(asked), WITHIN)
