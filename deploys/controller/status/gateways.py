"""Gateways: each is well, and all have the same release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from deploys.controller import words
from deploys.controller.status.section import NOTHING, Cell, Finding, Judged, Section, Survey, Table
from deploys.engine.combined import Wanted
from deploys.facts.gateway import Gateway, GatewayState
from deploys.facts.release_history import Switch
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    url = f"http://127.0.0.1:{site.shared.gateway_port}/health"
    return [Wanted(Gateway, {"healthy": url})] if "gateways" in host.groups else []


def judged(survey: Survey) -> Judged:
    values, findings, rows = {}, [], []
    states: Mapping[str, GatewayState] = {name: state for name, (state,) in survey.readings["gateways"].items()}
    mixed = differing(states)
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
