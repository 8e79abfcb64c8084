"""The status of the site of a run: read, judged and printed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from deploys.controller import data
from deploys.controller.status import (
    backups,
    balancers,
    certificates,
    disks,
    document,
    etcd,
    gateways,
    kept_data,
    lock,
    logs,
    maintenance,
    patroni,
    pool,
    redis,
    screen,
    sentinel,
    units,
    upkeep,
    virtual_address,
)
from deploys.controller.status.postgres import section as postgres
from deploys.controller.status.section import Finding, Judged, Survey
from deploys.controller.status.survey import survey
from deploys.engine import command_line
from deploys.settings import terminal

SECTIONS = tuple(
    module.SECTION
    for module in (
        maintenance,
        units,
        disks,
        certificates,
        upkeep,
        lock,
        postgres,
        patroni,
        etcd,
        kept_data,
        pool,
        backups,
        redis,
        sentinel,
        gateways,
        balancers,
        virtual_address,
        logs,
    )
)
"""In the order of the screen. What is to be seen of a site beside these is a module here, and a word in this line."""


def report() -> int:
    """
    Print how the site is: for people, or with ``--json`` for programs.

    Returns:
        The exit status: 0 where all is well, 1 where anything is wrong.
    """
    found = survey(data.site(), SECTIONS)
    judged = {section.name: section.judged(found) for section in SECTIONS}
    findings = all_findings(found, judged)
    flat = [finding for of_section in findings.values() for finding in of_section]
    if command_line.prints_json():
        print(document.text(found, judged, findings))
    else:
        print(screen.text(found, judged, flat, terminal.shows_colours(sys.stdout)))
    return int(any(finding.wrong for finding in flat))


def all_findings(found: Survey, judged: Mapping[str, Judged]) -> Mapping[str, Sequence[Finding]]:
    """
    What is wrong and what is to be known, by section; hosts that were not read are the first.

    Of a host that is out for maintenance nothing is wrong.
    """
    silent = [Finding(name, f"It could not be read: {reason.rstrip('.')}.") for name, reason in found.silent.items()]
    out = maintenance.away(found)
    every = {"hosts": silent} | {name: one.findings for name, one in judged.items()}
    return {
        name: [replace(one, wrong=False) if one.host in out else one for one in findings]
        for name, findings in every.items()
    }
