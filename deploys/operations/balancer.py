"""The shell with which a load balancer leaves out a gateway, or gives it little, from one request to the next."""

from __future__ import annotations

import shlex

from deploys.facts.balancer import CANARY, CONFIGURATION, DRAINED

UNKNOWN = "unknown"
"""What a balancer prints that would not look at the file: its configuration is older, or another gateway's."""


def marked(gateway: str, mark: str, configuration: str = CONFIGURATION) -> list[str]:
    """
    Shell: have the balancer's nginx look upon a gateway in another way, and upon all others as ever.

    It looks at the file for each request, so that it need not be reloaded: a reload ends the connections
    that clients keep open, and who sends on one in that moment is not answered.

    + gateway: its name
    + mark: the directory of the mark, DRAINED or CANARY
    + configuration: the file by which nginx knows of it
    """
    path = shlex.quote(f"{mark}/{gateway}")
    return [
        *unmarked(),
        f"grep -qsF {shlex.quote(f'(-f {mark}/{gateway})')} {configuration} || {{ echo {UNKNOWN}; exit 0; }}",
        f"mkdir -p {mark}",
        f"touch {path}",
    ]


def unmarked() -> list[str]:
    """Shell: have the balancer share requests evenly among all gateways."""
    return [f"rm -rf {DRAINED} {CANARY}"]
