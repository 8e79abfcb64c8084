"""Nobody is told of the absence of a host that is out for maintenance, for the time that was given."""

from __future__ import annotations

from datetime import UTC, datetime

from pyinfra import logger

from deploys.controller.run import Opened
from deploys.controller.silences import concerned
from deploys.engine import ending
from deploys.engine.elsewhere import ElsewhereError
from deploys.facts.maintenance import Note
from deploys.operations import silence
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def author(name: str) -> str:
    """In whose name the silence is: a host is out at most once."""
    return f"maintenance-of-{name}"


def begins(begun: Opened, host: SiteHost, note: Note) -> None:
    """
    Have the silence made once the run has ended; until then it has its own.

    Args:
        begun: the run; one that only plans makes none
        host: the one that is out
        note: for how long, and why
    """
    end = note.end
    seconds = int((end - datetime.now(UTC)).total_seconds()) if end else 0
    if begun.lock and seconds > 0:
        ending.at_end(lambda: _made(begun.site, host, note, seconds))


def ends(site: Site, host: SiteHost) -> None:
    """
    Have the silence ended once the run has, whose own covers what settles.

    Args:
        site: the site
        host: the one that is back
    """
    ending.at_end(lambda: _ended(site, host))


def _made(site: Site, host: SiteHost, note: Note, seconds: int) -> None:
    by, comment = author(host.name), note.sentence(host.name)
    for monitor in site.group("monitoring"):
        try:
            silence.ended(monitor.target, by)
            silence.added(monitor.target, concerned(site, host), by, comment, seconds)
            # Whatever is told of the host itself is told because it is away.
            if silence.added(monitor.target, {host.name}, by, comment, seconds, matchers=()):
                return
        except ElsewhereError as error:
            logger.warning(f"{monitor.name} could not be told that {host.name} is out for maintenance: {error}")


def _ended(site: Site, host: SiteHost) -> None:
    for monitor in site.group("monitoring"):
        try:
            silence.ended(monitor.target, author(host.name))
            return
        except ElsewhereError as error:
            logger.warning(f"{monitor.name} could not be told that {host.name} is back: {error}")
