"""Old data that deploys/rejoin.py kept: somebody is to look at it one day, and to delete it."""

from __future__ import annotations

from collections.abc import Sequence

from deploys.controller import words
from deploys.controller.status.section import Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.postgres.kept_data import KeptData
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(KeptData, {})] if "postgres" in host.groups else []


def judged(survey: Survey) -> Judged:
    kept = {name: found for name, (found,) in survey.readings["kept_data"].items()}
    findings = [
        Finding(
            name,
            f"Old data is kept in {path} ({'size unknown' if size is None else words.size(size)}).",
            f"When nobody needs what only it has: rm -r {path}",
            wrong=False,
        )
        for name, found in kept.items()
        for path, size in found.items()
    ]
    return Judged({name: dict(found) for name, found in kept.items()}, findings)


SECTION = Section("kept_data", wanted, judged)
