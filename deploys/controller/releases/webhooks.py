"""Whom a release is told to: addresses that are secrets, each asked once, and never in the way of anything."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from pyinfra import logger

from deploys.settings.site import Site

PLAIN, SLACK, TEAMS = "RELEASE_WEBHOOKS", "RELEASE_SLACK_WEBHOOKS", "RELEASE_TEAMS_WEBHOOKS"
TIMEOUT = 10
"""Seconds that an address has to answer."""


def named(site: Site) -> bool:
    """Whether the site's secrets name any."""
    return any(site.secrets.get(name) for name in (PLAIN, SLACK, TEAMS))


def tell(site: Site, sentence: str, values: Mapping[str, Any]) -> None:
    """
    Tell all of them; one that is not reached is a sentence, without its address.

    Args:
        site: the site
        sentence: for people
        values: for programs
    """
    # They would log each address.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name, document in _documents(sentence, values):
        addresses = site.secret(name).split() if name in site.secrets else []
        for number, address in enumerate(addresses, 1):
            if why := _refusal(address, document):
                logger.warning(f"The release was not told to address {number} of {name} (in .env): {why}.")


def _documents(sentence: str, values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield PLAIN, {"text": sentence, **values}
    yield SLACK, {"text": sentence}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": sentence, "wrap": True}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    yield TEAMS, {"type": "message", "attachments": [attachment]}


def _refusal(address: str, document: Mapping[str, Any]) -> str | None:
    """Why it was not taken; None where it was."""
    try:
        answer = httpx.post(address, json=document, timeout=TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        # What the error itself says may have the address in it.
        return f"it is not reached from this machine ({type(error).__name__})"
    return None if answer.is_success else f"it answers with HTTP {answer.status_code}"
