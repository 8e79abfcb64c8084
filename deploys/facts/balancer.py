"""Where a load balancer finds, for each request, which gateway it leaves out or gives little."""

from __future__ import annotations

DRAINED = "/run/tracseq-balancer/drained"
"""A gateway that has a file of its name here is sent nothing."""
CANARY = "/run/tracseq-balancer/canary"
"""A gateway that has a file of its name here is sent a small share."""


def marks(gateway: str) -> tuple[str, str]:
    """
    The files of a gateway; they are there only while a run changes it.

    + gateway: its name
    """
    return f"{DRAINED}/{gateway}", f"{CANARY}/{gateway}"
