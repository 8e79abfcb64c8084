"""Units: those of the host's roles are active, and none failed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from deploys.controller import words
from deploys.controller.status.section import Cell, Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.service import ServiceState
from deploys.facts.units import Units, UnitsState
from deploys.settings import declarations
from deploys.settings.host import SiteHost
from deploys.settings.phases import LAST
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost, phase: int = LAST) -> Sequence[Wanted]:
    return [Wanted(Units, {"units": declarations.units(site, host, phase)})]


def judged(survey: Survey) -> Judged:
    values, findings, cells = {}, [], {}
    for name, (state,) in survey.readings["units"].items():
        stopped = [unit for unit in state.units if unit not in state.failed and not _well(state.units[unit])]
        values[name] = {
            "failed": list(state.failed),
            "units": {
                unit: {"state": one.properties.get("ActiveState"), "since": _since(one)}
                for unit, one in state.units.items()
            },
        }
        findings += [_failed(name, unit) for unit in state.failed]
        findings += [
            Finding(
                name,
                f"{unit} is not active ({state.units[unit].properties.get('ActiveState')}).",
                f"Start it: systemctl start {unit}",
            )
            for unit in stopped
        ]
        cells[name] = _cell(state, stopped)
    return Judged(values, findings, cells)


def _well(unit: ServiceState) -> bool:
    """Whether it is active, or not meant for such a host by its own condition."""
    return unit.running or unit.condition_failed


def _since(unit: ServiceState) -> str | None:
    entered = unit.properties.get("ActiveEnterTimestamp", "").lstrip("@")
    return words.iso(float(entered)) if entered.isdecimal() and unit.running else None


def _failed(host: str, unit: str) -> Finding:
    return Finding(
        host,
        f"{unit} failed.",
        f"Look why: journalctl -u {unit} -n 50. Once it is mended: systemctl restart {unit}",
    )


def _cell(state: UnitsState, stopped: Sequence[str]) -> Cell:
    wrong = len(stopped) + len(state.failed)
    if wrong:
        return Cell(f"{wrong} down", wrong=True)
    return Cell(f"{sum(unit.running for unit in state.units.values())} up")


def until(phase: int) -> Section:
    """The section for a site that is deployed up to a phase."""
    return Section("units", partial(wanted, phase=phase), judged)


SECTION = Section("units", wanted, judged)
