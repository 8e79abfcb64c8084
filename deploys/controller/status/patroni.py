"""Patroni: it answers, has a leader and somebody to promote, and is not paused; where a machine has no watchdog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploys.controller.postgres.keeper import PATRONICTL
from deploys.controller.status import maintenance
from deploys.controller.status.section import Cell, Finding, Judged, Section, Survey, Table
from deploys.engine.combined import Wanted
from deploys.facts.patroni import Patroni, PatroniState
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

COLUMNS = ("host", "part", "state", "restart", "watchdog")
LEADERS = ("leader", "standby_leader")
SYNCHRONOUS = "sync_standby"


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Patroni, {})] if "patroni" in host.groups else []


def judged(survey: Survey) -> Judged:
    states: dict[str, PatroniState] = {name: said for name, (said,) in survey.readings["patroni"].items()}
    if not states:
        return Judged()
    values = {
        name: {
            "answers": bool(state.own),
            "role": state.own.get("role"),
            "state": state.own.get("state"),
            "paused": state.paused,
            "pending_restart": bool(state.own.get("pending_restart")),
            "watchdog": state.watchdog,
        }
        for name, state in states.items()
    }
    findings = [*(one for name, state in states.items() for one in _of_host(name, state)), *_of_all(survey, states)]
    return Judged(values, findings, tables=[Table("Patroni", COLUMNS, tuple(_row(*one) for one in states.items()))])


def _of_host(host: str, state: PatroniState) -> Iterator[Finding]:
    if not state.own:
        yield Finding(host, "Patroni does not answer.", "See why: journalctl -u patroni")
        return
    if state.own.get("pending_restart"):
        yield Finding(host, "Patroni's server waits for a restart.", "A run of deploys/site.py restarts it.")
    if not state.watchdog:
        yield Finding(
            host,
            "There is no watchdog: a Patroni that hangs, and does not end, keeps its server running past its lock.",
            wrong=False,
        )


def _of_all(survey: Survey, states: Mapping[str, PatroniState]) -> Iterator[Finding]:
    """What concerns all members, by one that answers."""
    answers = [state for state in states.values() if state.members]
    if not answers:
        return
    parts = {str(one.get("role")) for one in answers[0].members}
    if answers[0].paused:
        yield Finding("", "Patroni is paused, and promotes nobody.", f"Let it go on: {PATRONICTL} resume")
    if not parts & set(LEADERS):
        yield Finding(
            "", "Patroni has no leader, and no server takes writes.", f"See who is missing: {PATRONICTL} list"
        )
    elif survey.site.shared.patroni_synchronous and SYNCHRONOUS not in parts:
        what = "No replica has each write that is acknowledged: nobody would be promoted."
        out = maintenance.away(survey).keys() & {host.name for host in survey.site.group("postgres")}
        yield Finding("", what, "Bring a replica back.", wrong=not out)


def _row(host: str, state: PatroniState) -> tuple[Cell, ...]:
    own = next((one for one in state.members if one.get("name") == host), {})
    waits = bool(state.own.get("pending_restart"))
    return (
        Cell(host),
        Cell(str(own.get("role", "-")).replace("_", " ")),
        Cell(str(state.own.get("state", "silent")), not state.own),
        Cell("waits" if waits else "no", waits),
        Cell("yes" if state.watchdog else "none"),
    )


SECTION = Section("patroni", wanted, judged)
