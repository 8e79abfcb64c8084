"""etcd: each member is with a majority."""

from __future__ import annotations

from collections.abc import Sequence

from deploys.controller import etcd
from deploys.controller.status.section import Cell, Finding, Judged, Section, Survey, Table
from deploys.engine.combined import Wanted
from deploys.facts.etcd import Member, MemberState
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    if "etcd" not in host.groups:
        return []
    directory = str(host.value("etcd_directory"))
    return [Wanted(Member, {"directory": directory, "endpoint": etcd.endpoint(site, host)})]


def judged(survey: Survey) -> Judged:
    states: dict[str, MemberState] = {name: said for name, (said,) in survey.readings["etcd"].items()}
    if not states:
        return Judged()
    findings = [
        Finding(name, f"etcd is with no majority: {state.said or 'it does not answer'}.", "See journalctl -u etcd")
        for name, state in states.items()
        if not state.well
    ]
    rows = tuple((Cell(name), Cell("yes" if state.well else "no", not state.well)) for name, state in states.items())
    values = {name: {"well": state.well} for name, state in states.items()}
    return Judged(values, findings, tables=[Table("etcd", ("host", "with a majority"), rows)])


SECTION = Section("etcd", wanted, judged)
