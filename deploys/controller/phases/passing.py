"""The end of a phase: nobody goes on before what it brings is as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyinfra import logger

from deploys.controller.phases import criteria
from deploys.controller.run import Run
from deploys.controller.status.section import Finding
from deploys.controller.status.survey import survey
from deploys.controller.status.wrong import waited, wrong
from deploys.engine.per_run import PerRun
from deploys.engine.proved import proved
from deploys.settings.phases import NAMES
from deploys.settings.site import Site

TIMEOUT = 60
"""Seconds that a phase has to be well once it is deployed: what begins to be measured is asked a few times first."""


def passed(run: Run, phase: int) -> None:
    """
    Where the run is deployed by phases and this one is part of it: have it well before the next begins.

    Called on a line of its own in site.py, for every host.

    Args:
        run: the run
        phase: the number of the phase
    """
    if run.options.phase is None or run.options.phase < phase:
        return
    found = _phases[phase]
    first = next(iter(run.machines))

    def proof(target: str) -> Sequence[str]:
        name = run.site.host(target).name
        return [
            _sentence(phase, one) for one in found(run.site) if one.host == name or (not one.host and name == first)
        ]

    proved(name=f"Phase {phase}, {NAMES[phase]}: it is as it should be", proof=proof)


class _Phase:
    """What is wrong after a phase, found out once in a run."""

    def __init__(self, phase: int) -> None:
        self.phase = phase
        self.site: Site | None = None
        self.found = PerRun(self._waited)

    def __call__(self, site: Site) -> Sequence[Finding]:
        self.site = site
        return self.found()

    def _waited(self) -> Sequence[Finding]:
        assert self.site
        site, sections = self.site, criteria.of(self.phase)
        found = waited(lambda: wrong(survey(site, sections), sections), TIMEOUT)
        if not found:
            logger.warning(f"Phase {self.phase}, {NAMES[self.phase]}: all its criteria are met.")
        return found


_phases: Mapping[int, _Phase] = {phase: _Phase(phase) for phase in NAMES}


def _sentence(phase: int, finding: Finding) -> str:
    return f"Phase {phase}, {NAMES[phase]}, is not well, and the run ends with it. {finding.what} {finding.do}".rstrip()
