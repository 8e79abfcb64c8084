"""Gateways: each is well, and all have the same release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from deploys.controller import words
from deploys.controller.releases import slots
from deploys.controller.status import maintenance
from deploys.controller.status.section import NOTHING, Cell, Finding, Judged, Section, Survey, Table
from deploys.engine.combined import Wanted
from deploys.facts.balancer import Sends
from deploys.facts.gateway import Gateway, GatewayState
from deploys.facts.release_history import Switch
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    every = slots.known(site.shared)
    found = [
        Wanted(Gateway, {"healthy": f"http://127.0.0.1:{slot.port}/health", "link": slot.link, "unit": slot.unit})
        for slot in (every if "gateways" in host.groups else ())
    ]
    return [*found, *([Wanted(Sends, {})] if len(every) > 1 and "load_balancers" in host.groups else [])]


def judged(survey: Survey) -> Judged:
    values, findings, rows = {}, [], []
    active, split = _active(survey)
    states: dict[str, GatewayState] = {}
    for name, said in survey.readings["gateways"].items():
        both = [one for one in said if isinstance(one, GatewayState)]
        if both:
            states[name] = both[active]
    findings += split
    out = maintenance.away(survey)
    # One that is out for maintenance misses releases.
    mixed = differing({name: state for name, state in states.items() if name not in out})
    for name, state in states.items():
        well = state.answer == "200"
        since = None if state.since is None else words.iso(state.since)
        last = next((one for one in reversed(state.history) if one.release == state.release), None)
        values[name] = {
            "release": state.release,
            "since": since,
            "health": state.answer,
            "history": [asdict(one) for one in state.history],
        }
        if not well:
            findings.append(_ill(name, state))
        rows.append(
            (
                Cell(name),
                Cell(state.release or "none", state.release is None or bool(mixed)),
                NOTHING if state.since is None else Cell(words.moment(state.since)),
                Cell(_origin(last)) if last else NOTHING,
                Cell("well" if well else _answered(state), not well),
            )
        )
    if mixed:
        listed = "; ".join(f"{', '.join(names)}: {release}" for release, names in mixed.items())
        findings.append(
            Finding(
                "", f"The gateways have different releases ({listed}).", "A run of deploys/site.py gives all the same."
            )
        )
    table = Table("Gateways", ("host", "release", "current since", "from", "health"), tuple(rows))
    return Judged(values, findings, tables=[table])


def _active(survey: Survey) -> tuple[int, list[Finding]]:
    """The place of the slot that gets the requests, and what is wrong where balancers send to different ones."""
    names = [slot.name for slot in slots.known(survey.site.shared)]
    sends = {
        name: one for name, said in survey.readings["gateways"].items() for one in said if isinstance(one, str) and one
    }
    active = names.index(next(iter(sends.values()), names[0]))
    if len(set(sends.values())) < 2:
        return active, []
    listed = ", ".join(f"{name} to the {slot} ones" for name, slot in sends.items())
    return active, [
        Finding("", f"The load balancers send to different gateways: {listed}.", "A run of deploys/site.py ends that.")
    ]


def differing(states: Mapping[str, GatewayState]) -> Mapping[str, Sequence[str]]:
    """The hosts of each release, where hosts of the same Debian have different ones; else nothing."""
    kinds = {(state.debian, state.release) for state in states.values()}
    if len(kinds) == len({debian for debian, _ in kinds}):
        return {}
    found: dict[str, list[str]] = {}
    for name, state in states.items():
        found.setdefault(state.release or "none", []).append(name)
    return found


def _origin(last: Switch) -> str:
    """Where a release comes from, and who gave it to the host."""
    commit = f"commit {last.commit}, " if last.commit else ""
    return f"{commit}{'rollback ' if last.back else ''}by {last.by}"


def _answered(state: GatewayState) -> str:
    return "silent" if state.answer in (None, "", "000") else f"HTTP {state.answer}"


def _ill(host: str, state: GatewayState) -> Finding:
    said = "does not answer" if _answered(state) == "silent" else f"answers its health check with {_answered(state)}"
    return Finding(host, f"The gateway {said}.", "See why: journalctl -u tracseq-gateway -n 50")


SECTION = Section("gateways", wanted, judged)
