"""The pools: each serves in front of a server that takes writes, and nobody waits long for a connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from deploys.controller import words
from deploys.controller.status.section import Cell, Finding, Judged, Section, Survey, Table
from deploys.engine.combined import Wanted
from deploys.facts.postgres.pool import Pool, PoolState
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

LONGEST = 5.0
"""Seconds that a client may wait for a connection of the server."""
COLUMNS = ("host", "state", "clients", "waiting", "longest wait", "connections in use")


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    port = site.shared.postgres_pool_port
    if "postgres" not in host.groups or port is None:
        return []
    return [Wanted(Pool, {"port": port, "database": site.shared.postgres_database})]


def judged(survey: Survey) -> Judged:
    values, rows = {}, []
    findings: list[Finding] = []
    for name, (state,) in survey.readings["pool"].items():
        found = list(findings_of(name, state))
        size = survey.site.host(name).value("postgres_pool_size")
        values[name] = asdict(state)
        findings += found
        rows.append(
            (
                Cell(name),
                Cell(_state(state), bool(found) and not state.serves),
                Cell(str(state.clients)),
                Cell(str(state.waiting), state.longest > LONGEST),
                Cell(words.time(state.longest), state.longest > LONGEST),
                Cell(f"{state.busy} of {size}"),
            )
        )
    return Judged(values, findings, tables=[Table("Pools", COLUMNS, tuple(rows))])


def findings_of(host: str, state: PoolState) -> Iterator[Finding]:
    """
    What is wrong with a pool.

    Args:
        host: its host
        state: what was read of it
    """
    if not state.server:
        return  # the server's own section says so
    if not state.active:
        yield Finding(host, "The pool does not run.", "It runs with its server. See why: journalctl -u pgbouncer -n 50")
    elif not state.serves and not state.replica:
        yield Finding(host, "The pool does not answer.", "See why: journalctl -u pgbouncer -n 50")
    elif state.longest > LONGEST:
        yield Finding(
            host,
            f"{state.waiting} clients of the pool wait for a connection, the first for {words.time(state.longest)}.",
            "See what takes long (pg_stat_activity, pg_stat_statements); more connections: postgres_pool_size.",
        )


def _state(state: PoolState) -> str:
    if state.serves:
        return "serves"
    if not state.active:
        return "stopped"
    return "waits: a replica" if state.replica else "silent"


SECTION = Section("pool", wanted, judged)
