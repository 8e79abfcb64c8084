"""A run that puts a host back that was out for maintenance."""

from __future__ import annotations

import time

import gevent
from pyinfra import logger
from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import patroni
from deploys.controller import run as runs
from deploys.controller.maintenance import hosts, silence
from deploys.controller.run import Run
from deploys.engine import elsewhere
from deploys.engine.per_run import PerRun
from deploys.operations.postgres import shell

TIMEOUT, EVERY, WITHIN = 900, 1, 30
"""Seconds that a replica may take to fetch what it lacks, between two looks, and that one look may take."""


def begin() -> Run:
    """
    The run, in which the host counts among the others again.

    Raises:
        PyinfraError: where the host is not reached, or another run is at work.
    """
    return _returning()


def _begun() -> Run:
    host, known = hosts.subject(), hosts.known()
    if not hosts.reached(host):
        raise PyinfraError(f"{host.name} is not reached: it cannot be put back before it is switched on.")
    run = runs.begin()
    note = known.get(host.name)
    logger.warning(
        f"{note.sentence(host.name)} It is put back, and the site is as this repository has it."
        if note
        else f"No host knows that {host.name} is out; the site is as this repository has it."
    )
    if run.lock:
        silence.ends(run.site, host)
    return run


_returning = PerRun(_begun)


class Followed:
    """Whether a replica that comes back has all of its primary's WAL, before writes wait for it again."""

    def __init__(self, run: Run) -> None:
        self._run = run
        site, topology = run.site, run.topology
        streams = "select count(*) from pg_stat_replication where state = 'streaming' and application_name = "
        self._name = hosts.subject().name
        self._asked = f"{shell.query(topology.version)}\nquery --command=\"{streams}'{self._name}'\""
        self._waited = (
            self._name in topology.replicas
            and not patroni.keeps(site)
            and int(str(site.host(self._name).value("postgres_synchronous"))) > 0
        )

    def __call__(self, target: str) -> list[str]:
        """A sentence for the host that comes back, where it does not follow in time; for others there is none."""
        site, primary = self._run.site, self._run.topology.primary
        if site.host(target).name != self._name or not self._waited:
            return []
        asked, end = StringCommand("sh -c", QuoteString(self._asked)), time.monotonic() + TIMEOUT
        while elsewhere.done(site.host(primary).target, asked, WITHIN) != ["1"]:
            if time.monotonic() > end:
                return [
                    f"{self._name} has not all WAL of {primary} after {TIMEOUT} s, and writes would wait for it "
                    "(postgres_synchronous). It goes on to fetch it: run this again."
                ]
            gevent.sleep(EVERY)
        return []
