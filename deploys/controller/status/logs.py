"""Logs: the log host has those of every host."""

from __future__ import annotations

from collections.abc import Sequence

from deploys.controller import logs, words
from deploys.controller.status.section import Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.journal_sent import JournalSent
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

LATE = 900
"""Seconds that they may be behind; files/monitoring/rules/logs.yml has the same."""


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(JournalSent, {})] if logs.destination(site) else []


def judged(survey: Survey) -> Judged:
    found = {name: sent for name, (sent,) in survey.readings["logs"].items()}
    findings = [
        Finding(
            name,
            f"The log host has nothing of what it wrote in the last {words.time(survey.read_at - sent)}."
            if sent is not None
            else "It is not known yet whether the log host has its journal.",
            "Look why: journalctl -u tracseq-journal-upload -n 20"
            if sent is not None
            else "In two minutes it is: systemctl status tracseq-journal-sent.timer",
            wrong=sent is not None,
        )
        for name, sent in found.items()
        if sent is None or survey.read_at - sent > LATE
    ]
    return Judged({name: {"sent_until": sent and words.iso(sent)} for name, sent in found.items()}, findings)


SECTION = Section("logs", wanted, judged)
