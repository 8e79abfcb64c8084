"""Every host of a run is read once, all at the same time; one that does not answer holds up no other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import gevent
from gevent.pool import Pool
from pyinfra.api.exceptions import ConnectError

from deploys.controller.status.section import Section, Survey
from deploys.engine import hosts
from deploys.engine.combined import Combined
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

TIMEOUT = 60
"""Seconds that the login to a host and its reading may take; Postgres alone may take 20 to answer."""


def survey(site: Site, sections: Sequence[Section]) -> Survey:
    """
    What all hosts of the run say.

    Args:
        site: the site
        sections: what is read of each host
    """
    limited = set(hosts.limited())
    chosen = [host for host in site.hosts if host.target in limited]
    pool = Pool(site.shared.batch or len(chosen))
    jobs = {host.name: pool.spawn(_read, site, host, sections) for host in chosen}
    gevent.joinall(list(jobs.values()), raise_error=True)
    found = {name: job.get() for name, job in jobs.items()}
    readings: dict[str, dict[str, Sequence[Any]]] = {section.name: {} for section in sections}
    for name, said in found.items():
        for section, values in said.items() if isinstance(said, dict) else ():
            readings[section][name] = values
    return Survey(
        site,
        time.time(),
        readings,
        silent={name: said for name, said in found.items() if isinstance(said, str)},
        left_out=frozenset(host.name for host in site.hosts) - jobs.keys(),
    )


def _read(site: Site, host: SiteHost, sections: Sequence[Section]) -> dict[str, Sequence[Any]] | str:
    """What a host says, by section; or why it could not be read."""
    wanted = {section.name: found for section in sections if (found := section.wanted(site, host))}
    everything = [one for found in wanted.values() for one in found]
    values: list[Any] | None = None
    with gevent.Timeout(TIMEOUT, False):
        try:
            hosts.connect(host.target)
            # A host on which the reading fails is one line of the status, and not the end of the run.
            values = hosts.read(host.target, Combined, wanted=everything, _ignore_errors=True)
        except ConnectError as error:
            return str(error)
        except (ValueError, LookupError, TypeError) as error:
            return f"what it said was not understood: {error!r}"
    if values is None:
        return f"it did not answer within {TIMEOUT} s"
    if not values:
        return "its reading ended with an error (is sudo without a password allowed there?)"
    rest = iter(values)
    return {name: [next(rest) for _ in found] for name, found in wanted.items()}
