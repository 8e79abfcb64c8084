"""A run that puts a host back that was out for maintenance."""

from __future__ import annotations

import time
from dataclasses import replace

import gevent
from pyinfra import logger
from pyinfra.api import QuoteString, StringCommand

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
        PyinfraError: where another run is at work.
    """
    return _returning()


def _begun() -> Run:
    host, known = hosts.subject(), hosts.known()
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


def awaited(run: Run) -> str | None:
    """
    The replica that comes back, and for which writes wait again once it has what it lacks; None: there is none.

    Args:
        run: the run
    """
    name, site, topology = hosts.returning(), run.site, run.topology
    if name is None or name not in topology.replicas or name not in hosts.known() or patroni.keeps(site):
        return None
    return name if int(str(site.host(topology.primary).value("postgres_synchronous"))) else None


def before(run: Run) -> Run:
    """The run as long as the replica that comes back lacks anything: no write waits for it."""
    return replace(run, out=hosts.known()) if awaited(run) else run


class Followed:
    """Whether a replica that comes back has all of its primary's WAL, before writes wait for it again."""

    def __init__(self, run: Run, name: str) -> None:
        self._run, self._name = run, name
        streams = "select count(*) from pg_stat_replication where state = 'streaming' and application_name = "
        self._asked = f"{shell.query(run.topology.version)}\nquery --command=\"{streams}'{name}'\""

    def __call__(self, target: str) -> list[str]:
        """A sentence for the host that comes back, where it does not follow in time; for others there is none."""
        site, primary = self._run.site, self._run.topology.primary
        if site.host(target).name != self._name:
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
