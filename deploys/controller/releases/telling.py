"""What a run did to the gateways' release, told once, when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.releases import webhooks
from deploys.controller.run import Run
from deploys.engine import ending, hosts, rolling
from deploys.engine.per_run import PerRun
from deploys.facts import gateway
from deploys.facts.release import Releases, ReleaseState
from deploys.facts.release_history import ReleaseHistory, Switch

GROUP = "gateways"
"""What the gateways' rolling change is called."""


@dataclass(frozen=True)
class Host:
    """A gateway's host after a run."""

    wanted: str
    releases: ReleaseState
    switches: tuple[Switch, ...]
    """Those of this run."""


def when_done(run: Run, release: str, back: bool) -> None:
    """
    Have it told, where the site's secrets name anybody; called for each gateway.

    Args:
        run: the run
        release: what its host is to have
        back: whether the run is a rollback
    """
    if run.lock is None or not webhooks.named(run.site):
        return
    wanted = _wanted()
    if not wanted:
        ending.at_end(lambda: _tell(run, wanted, back))
    wanted[run.host.name] = release


_wanted: PerRun[dict[str, str]] = PerRun(dict)


def _tell(run: Run, wanted: Mapping[str, str], back: bool) -> None:
    assert run.lock
    found = {}
    for target, name in ((host.target, host.name) for host in run.site.group(GROUP) if host.name in wanted):
        try:
            history = hosts.read(target, ReleaseHistory, program=gateway.PROGRAM)
            state = hosts.read(target, Releases, directory=gateway.DIRECTORY)
        except PyinfraError:
            continue
        found[name] = Host(wanted[name], state, tuple(one for one in history if one.by == run.lock.name))
    if said := outcome(run.site.shared.environment, run.lock.name, found, back, rolling.failure(GROUP)):
        webhooks.tell(run.site, *said)


def outcome(
    site: str, by: str, found: Mapping[str, Host], back: bool, failure: tuple[str, str] | None
) -> tuple[str, Mapping[str, Any]] | None:
    """
    What is told, for people and for programs; None where no release changed, and none was to.

    Args:
        site: its name
        by: the run
        found: the gateways' hosts
        back: whether the run is a rollback
        failure: the host at which it ended, and what was said of that
    """
    switches = {name: host.switches for name, host in found.items() if host.switches}
    failed_at = failure[0].rpartition("/")[2] if failure else ""
    left = found.get(failed_at)
    if not switches and (left is None or left.releases.current == left.wanted):
        return None
    first = next((one for history in switches.values() for one in history), None)
    wanted = first.release if first else left.wanted if left else ""
    before = first.before if first else (left.releases.current or "") if left else ""
    records = (host.releases.records.get(wanted) for host in found.values())
    commit = next((record.commit for record in records if record), first.commit if first else "")
    what = "rollback" if back else "release"
    values = {
        "site": site, "by": by, "what": what, "release": wanted, "commit": commit, "before": before,
        "outcome": "failed" if failure else "done", "failed_at": failed_at,
        "reason": failure[1] if failure else "",
        "gateways": {
            name: {"release": host.releases.current, "changes": [asdict(one) for one in host.switches]}
            for name, host in found.items()
        },
    }  # fmt: skip
    about = f"{wanted} (commit {commit})" if commit else wanted
    begin = f"{site}: {what} of the gateways to {about} from {before or 'none'}, by {by}"
    if failure is None:
        return f"{begin}: {', '.join(switches)} {'has' if len(switches) == 1 else 'have'} it.", values
    returned = [name for name, history in switches.items() if len(history) > 1 and history[-1].release != wanted]
    went = f"{', '.join([*returned, failed_at])} went back"
    why = failure[1] or f"{failed_at} was not well with it; the run's output says why."
    return f"{begin}: {went}, because {why}", values
