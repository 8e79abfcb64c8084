"""Whether a site is well apart from the updates and boots that it waits for."""

from __future__ import annotations

from collections.abc import Collection

from deploys.controller.status import report, upkeep
from deploys.controller.status import wrong as status
from deploys.controller.status.section import Finding, Survey


def wrong(found: Survey) -> list[Finding]:
    """
    All that status calls wrong.

    Args:
        found: what the hosts say
    """
    return status.wrong(found, [one for one in report.SECTIONS if one is not upkeep.SECTION])


def new(found: Survey, known: Collection[Finding]) -> list[Finding]:
    """
    What is wrong that was not before; of a host that was ill its figures may change.

    Args:
        found: what the hosts say
        known: what was wrong before
    """
    before = {(one.host, _kind(one.what)) for one in known}
    return [one for one in wrong(found) if (one.host, _kind(one.what)) not in before]


def _kind(sentence: str) -> str:
    return "".join(character for character in sentence if not character.isdigit())
