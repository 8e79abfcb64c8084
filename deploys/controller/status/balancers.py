"""Load balancers: every gateway gets its share, unless a run changes it just now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from deploys.controller.status.section import Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.balancer import Marks
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Marks, {})] if "load_balancers" in host.groups else []


def judged(survey: Survey) -> Judged:
    values, findings = {}, []
    holders = [state.holder for (state,) in survey.readings["lock"].values()]
    # Whether one is at work on hosts that a limit leaves out is not known.
    at_work = bool(survey.left_out) or any(holder and not holder.dead for holder in holders)
    do = "" if at_work else "No run is at work: the next one of deploys/site.py gives it its share again."
    for name, (state,) in survey.readings["balancers"].items():
        values[name] = asdict(state)
        for gateways, share in ((state.drained, "nothing"), (state.canary, "a small share")):
            if gateways:
                said = f"It sends {share} to {', '.join(gateways)}, as while a run changes a gateway."
                findings.append(Finding(name, said, do, wrong=not at_work))
    return Judged(values, findings)


SECTION = Section("balancers", wanted, judged)
