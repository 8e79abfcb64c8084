"""The answers that load balancers keep, and what makes them old."""

from __future__ import annotations

from collections.abc import Mapping

from deploys.operations import system
from deploys.operations.file_set import File
from deploys.settings.site import Site

DIRECTORY = "/var/lib/nginx/answers"
NOTE = "/var/lib/tracseq-balancer/answers"
"""Of which releases they are."""
ODD = "/var/lib/tracseq-balancer/odd"
"""Where this file is, answers are kept under, and read from, the odd one of two generations."""


def of_releases(site: Site, releases: Mapping[str, str]) -> None:
    """
    Have no answer kept of an earlier release of the gateways or of a service.

    nginx is not reloaded: it takes a kept answer whose file is gone for one that it does not have. What a
    gateway still answers at that moment is kept under another generation, which nobody reads.

    Args:
        site: the site
        releases: that of each gateway, by its host
    """
    sources = {name: service.source for name, service in site.shared.services.items() if service.source}
    lines = [
        *(f"{host} {release}" for host, release in sorted(releases.items())),
        *(f"{name} {source.sha256}" for name, source in sorted(sources.items())),
    ]
    system.configured(
        name="No answers of earlier releases",
        key="kept-answers",
        files=[File(NOTE, "".join(f"{line}\n" for line in lines))],
        # Before the other generation is read, as it has what came late when it was the last one.
        apply=f"[ ! -d {DIRECTORY} ] || find {DIRECTORY} -type f -delete; "
        f"if [ -e {ODD} ]; then rm {ODD}; else touch {ODD}; fi",
    )
