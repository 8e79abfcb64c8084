"""The release of the gateway that a host gets."""

from __future__ import annotations

from dataclasses import dataclass

from deploys.facts import gateway

DIRECTORY = gateway.DIRECTORY


@dataclass(frozen=True)
class Release:
    """
    A release that a host is to run.

    + name: that of its directory
    + back: whether it is an older one than the host had
    """

    name: str
    back: bool = False
