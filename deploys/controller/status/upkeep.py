"""Upkeep: the clock is right, no reboot is waited for, security updates come and are installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploys.controller import words
from deploys.controller.status import debian_version
from deploys.controller.status.section import Cell, Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.upkeep import Upkeep, UpkeepState
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

DAY = 86400
OLDEST_LISTS = 7 * DAY
"""Lists that are older say nothing of what is pending: a host fetches them every day."""
LONGEST_PENDING = 2 * DAY
"""Without an installation of updates, which runs every day."""


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Upkeep, {})]


def judged(survey: Survey) -> Judged:
    values, findings, cells = {}, [], {}
    for name, (state,) in survey.readings["upkeep"].items():
        own = survey.site.host(name).own
        found = list(findings_of(name, state, own.maximum_clock_skew, own.packages_from == "mirror"))
        pending = updates(state)
        values[name] = {
            "clock_synchronised": state.synchronised,
            "clock_offset": state.offset,
            "clock_source": state.source,
            "reboot_required": state.reboot_required,
            "reboot_for": list(state.reboot_for),
            "security_updates": pending,
            "list_age": state.list_age,
            "upgrade_age": state.upgrade_age,
        }
        findings += found
        said = [
            *(["clock"] if any("clock" in one.what for one in found) else []),
            *(["reboot"] if state.reboot_required else []),
            *([f"{len(pending)} updates"] if pending else []),
            *(["old lists"] if (state.list_age or 0) > OLDEST_LISTS else []),
        ]
        cells[name] = Cell(", ".join(said) or "up to date", any(one.wrong for one in found))
    return Judged(values, findings, cells)


def findings_of(host: str, state: UpkeepState, skew: float, mirrored: bool = True) -> Iterator[Finding]:
    """
    What is wrong with a host's upkeep.

    Args:
        host: its name
        state: what was read of it
        skew: seconds that its clock may be off
        mirrored: whether it has a mirror of Debian
    """
    if state.synchronised is False:
        yield Finding(
            host, "Its clock follows no other.", "See which time servers it reaches: chronyc sources (time_servers)."
        )
    elif abs(state.offset or 0) > skew:
        yield Finding(
            host, f"Its clock is {state.offset:.1f} s off.", "chrony brings it back slowly; at once: chronyc makestep"
        )
    if state.reboot_required:
        packages = f" for {', '.join(state.reboot_for)}" if state.reboot_for else ""
        yield Finding(host, f"It waits for a reboot{packages}.", "Reboot it when it suits: a replica before a primary.")
    if state.list_age is None or state.list_age > OLDEST_LISTS:
        age = "are not there" if state.list_age is None else f"are {words.time(state.list_age)} old"
        yield Finding(
            host,
            f"apt's lists {age}: what security updates there are is not known.",
            "See why it cannot fetch them: apt-get update" if mirrored else "See docs/operations/without-internet.md",
            wrong=mirrored,
        )
    if pending := updates(state):
        yield _pending(host, state, pending)


def updates(state: UpkeepState) -> list[str]:
    """The packages of which the security archive has a newer version than the host."""
    newer = {
        update.package
        for update in state.updates
        if debian_version.order(update.offered) > debian_version.order(update.installed)
    }
    return sorted(newer)


def _pending(host: str, state: UpkeepState, pending: Sequence[str]) -> Finding:
    """Updates are installed every night; that they wait for the night is no fault."""
    names = f"{', '.join(pending[:5])}{' …' if len(pending) > 5 else ''}"
    what = f"{len(pending)} security update{'s wait' if len(pending) > 1 else ' waits'} ({names})"
    ran = state.upgrade_age
    if ran is None:
        return Finding(host, f"{what}; none was ever installed by itself.", "At once: unattended-upgrade", wrong=False)
    if ran > LONGEST_PENDING:
        return Finding(
            host,
            f"{what}, and none was installed for {words.time(ran)}.",
            "See why: systemctl status apt-daily-upgrade.timer",
        )
    if state.list_age is not None and ran < state.list_age:
        return Finding(
            host,
            f"{what}, although they were to be installed {words.time(ran)} ago.",
            "See why: unattended-upgrade --dry-run --debug, and /var/log/unattended-upgrades",
        )
    return Finding(host, f"{what}.", "They are installed by themselves; at once: unattended-upgrade", wrong=False)


SECTION = Section("upkeep", wanted, judged)
