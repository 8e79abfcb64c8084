"""The section of Postgres: what it reads, and what it makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from deploys.controller import words
from deploys.controller.status import maintenance
from deploys.controller.status.postgres import findings, tables
from deploys.controller.status.postgres.replication import Behind
from deploys.controller.status.postgres.view import View, views
from deploys.controller.status.section import Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.status import Status
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Server, {}), Wanted(Status, {})] if "postgres" in host.groups else []


def judged(survey: Survey) -> Judged:
    read = {name: (server, numbers) for name, (server, numbers) in survey.readings["postgres"].items()}
    group = {host.name for host in survey.site.group("postgres")}
    # Who is the primary is known only where all were asked.
    limited = bool(survey.left_out & group)
    found: list[Finding] = []
    if not limited:
        first = survey.site.shared.postgres_first_primary
        silent = {name: reason for name, reason in survey.silent.items() if name in group}
        found += findings.of_site({name: server for name, (server, _) in read.items()}, first, silent)
    out, late = maintenance.away(survey), []
    seen = views(read)
    for view in seen:
        limits = _limits(survey.site.host(view.host))
        of_server = list(findings.of_server(view, limits, out))
        if limited and not view.well and not of_server:
            of_server = [Finding(view.host, f"The server is not well ({view.state}).", "Without a limit more is said.")]
        found += of_server
        if findings.is_late(view, limits):
            late.append(view.host)
    values = {view.host: _values(view) for view in seen}
    return Judged(values, found, tables=[tables.servers(seen, late), tables.slots(seen)])


def _limits(host: SiteHost) -> Behind:
    """How far a replica may be behind."""
    size, seconds = (host.value(f"postgres_maximum_{what}") for what in ("lag", "delay"))
    return Behind(int(str(size)), float(str(seconds)))


def _values(view: View) -> dict[str, Any]:
    """A server, for programs."""
    cluster, numbers = view.cluster, view.numbers
    answer = cluster.answer if cluster else None
    known: dict[str, Any] = {
        "role": view.role,
        "state": view.state,
        "version": cluster.version if cluster else None,
        "timeline": cluster.known_timeline if cluster else None,
        "follows": answer.receiver.get("host") if answer else None,
        "behind": view.behind and {"bytes": view.behind.size, "seconds": view.behind.seconds},
        "pending_restart": list(answer.pending) if answer else [],
        "altered": sorted(answer.altered) if answer else [],
    }
    return known | ({} if numbers is None else asdict(numbers) | {"started": words.iso(numbers.started)})


SECTION = Section("postgres", wanted, judged)
