"""The lock of a run: who is at work on the site. That somebody is, is no fault."""

from __future__ import annotations

from collections.abc import Sequence

from deploys.controller.status.section import Cell, Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.run_lock import Holder, RunLock
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(RunLock, {"request": None})]


def judged(survey: Survey) -> Judged:
    values, cells = {}, {}
    held: dict[str, list[tuple[str, Holder]]] = {}
    for name, (state,) in survey.readings["lock"].items():
        holder = state.holder
        values[name] = holder and {
            "name": holder.name,
            "since": holder.since,
            "from": holder.origin,
            "what": holder.what,
            "silent_for": holder.silence,
        }
        cells[name] = Cell("held" if holder else "free")
        if holder:
            held.setdefault(holder.name, []).append((name, holder))
    return Judged(values, [_finding(found) for found in held.values()], cells)


def _finding(found: Sequence[tuple[str, Holder]]) -> Finding:
    holder = found[0][1]
    places = ", ".join(name for name, _ in found)
    silence = max(one.silence for _, one in found)
    silent = f", silent for {silence:.0f} s: dead, or cut off" if any(one.dead for _, one in found) else ""
    return Finding(
        "",
        f"{holder.name} is at work, since {holder.since}, from {holder.origin}: {holder.what} (on {places}{silent}).",
        wrong=False,
    )


SECTION = Section("lock", wanted, judged)
