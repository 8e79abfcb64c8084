"""What status calls wrong, for those who go on only where it is nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import gevent

from deploys.controller.status import report
from deploys.controller.status.section import Finding, Section, Survey

T = TypeVar("T")

EVERY = 3
"""Seconds between two looks."""


def wrong(found: Survey, sections: Sequence[Section]) -> list[Finding]:
    """
    All that sections call wrong.

    Args:
        found: what the hosts say
        sections: those that judge it
    """
    judged = {section.name: section.judged(found) for section in sections}
    return [one for part in report.all_findings(found, judged).values() for one in part if one.wrong]


def waited(look: Callable[[], list[T]], timeout: float) -> list[T]:
    """
    Look until nothing is wrong, or the time is over: what is wrong then.

    Args:
        look: what is wrong now
        timeout: seconds
    """
    end = time.monotonic() + timeout
    while (found := look()) and time.monotonic() < end:
        gevent.sleep(EVERY)
    return found
