"""What hosts unpack of each service, made before any host is known: for a bundle."""

from __future__ import annotations

import platform

from deploys.controller.services import artifacts
from deploys.controller.services.digests import CACHE
from deploys.settings import catalogue
from deploys.settings.debian import RELEASES
from deploys.settings.shared import Shared


def make(shared: Shared) -> str:
    """
    Make the artifacts of all services that the site runs, for each supported Debian and this machine's architecture.

    Args:
        shared: the site's data, with its catalogue

    Returns:
        a sentence with what is there now

    Raises:
        PyinfraError: where a source is not what it should be.
    """
    machine, services = platform.machine(), catalogue.own(shared)
    for name, service in services.items():
        if service.source:
            for release in RELEASES.values():
                artifacts.made(name, service.source, machine, release.python)
    return f"{CACHE} has what hosts unpack of: {', '.join(services) or 'no service, as the catalogue has none'}."
