"""Hosts that are out for maintenance: that they do nothing is no fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from deploys.controller.maintenance import out
from deploys.controller.status.section import Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.maintenance import Note, Notes
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

BACK = "To put it back: deploys/maintenance.py --limit {name} --data back=true"


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Notes, {})]


def away(survey: Survey) -> Mapping[str, Note]:
    """The hosts that are out, by name."""
    return out.decided({name: notes for name, (notes,) in survey.readings.get("maintenance", {}).items()})


def judged(survey: Survey) -> Judged:
    found = away(survey)
    findings = [
        # Its section comes first: what follows of it is to be read after this.
        Finding("", note.sentence(name), BACK.format(name=name), wrong=False)
        for name, note in found.items()
    ]
    return Judged({name: asdict(note) for name, note in found.items()}, findings)


SECTION = Section("maintenance", wanted, judged)
