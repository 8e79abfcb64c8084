"""The first host with a change is judged beside those without it, also where a run that died has left one with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from pyinfra import host as this
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.context import ctx_host

from deploys.engine import elsewhere
from deploys.engine.elsewhere import ElsewhereError
from deploys.operations.drain import Drain
from deploys.operations.rolling import Rolling, turn
from deploys.operations.trial import Peer, Trial
from tests.unit.fake_run import begun, executing

NAMES = ("gw1", "gw2", "gw3")
LINK, OLD, NEW = "/opt/tracseq/gateway/current", "releases/2.0.0-a", "releases/2.0.0-b"


class Site:
    """Gateways that run something, and what was asked of them and their balancer."""

    def __init__(self, runs: Mapping[str, str | None], slow: str = "") -> None:
        self.runs, self.slow = dict(runs), slow
        self.asked: list[str] = []

    def done(self, target: str, command: StringCommand, within: int | None = None) -> list[str]:
        """What a host says."""
        text = str(command)
        if "readlink" in text:
            if self.runs[target] is None:
                raise ElsewhereError(f"{target} is not reached")
            return [str(self.runs[target])]
        if "median" in text:
            new, old = list(dict.fromkeys(re.findall(r"http://(\w+)/", text)))[:2]
            self.asked.append(f"{new} beside {old}")
            if new == self.slow:
                raise ElsewhereError(f"lb1 said: {new} is slower with it than {old} is")
        return []


def trial_of(name: str) -> Trial:
    own, *others = (Peer(one, one, f"http://{one}/") for one in sorted(NAMES, key=lambda one: one != name))
    return Trial(own, others, LINK, "2.0.0-b", "lb1", "http://127.0.0.1:8000/metrics", seconds=0)


def drain(name: str) -> Drain:
    return Drain(target=name, name=name, balancers=(), timeout=0, metrics="http://127.0.0.1:8000/metrics")


@pytest.mark.parametrize(
    ("runs", "own", "others"),
    [
        ({"gw1": OLD, "gw2": OLD, "gw3": OLD}, None, None),
        ({"gw1": OLD, "gw2": NEW, "gw3": OLD}, "gw2", ["gw1", "gw3"]),
        ({"gw1": OLD, "gw2": NEW, "gw3": NEW}, "gw2", ["gw1"]),
        # Its configuration alone changes: all have the release.
        ({"gw1": NEW, "gw2": NEW, "gw3": NEW}, None, None),
        ({"gw1": OLD, "gw2": None, "gw3": NEW}, "gw3", ["gw1", "gw2"]),
    ],
)
def test_who_has_it_already_is_told_by_what_the_hosts_run(
    monkeypatch: pytest.MonkeyPatch, runs: Mapping[str, str | None], own: str | None, others: list[str] | None
) -> None:
    monkeypatch.setattr(elsewhere, "done", Site(runs).done)
    found = trial_of("gw1").of_an_interrupted_run()
    assert (found.own.name if found else None) == own
    assert ([peer.name for peer in found.others] if found else None) == others


def released(site: Site, monkeypatch: pytest.MonkeyPatch, *, stopped: str = "") -> list[str]:
    """In which order hosts changed that do not have the release yet."""
    monkeypatch.setattr(elsewhere, "done", site.done)
    changed = []
    with begun(*NAMES) as state:
        executing(state)
        for host in state.inventory:
            name = host.name.removeprefix("@fake/")
            if site.runs[name] == NEW:
                continue
            way = Rolling("gateways", drain(name), together=True, trial=trial_of(name))
            with ctx_host.use(host), turn(way, serves=name != stopped, restarts=True, undo=["true"]):
                changed.append(this.name.removeprefix("@fake/"))
                site.runs[name] = NEW
    return changed


def test_only_the_first_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(dict.fromkeys(NAMES, OLD))
    assert released(site, monkeypatch) == list(NAMES)
    assert site.asked == ["gw1 beside gw2"]


def test_one_that_an_interrupted_run_has_left_with_it_is_judged_before_another_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site({"gw1": NEW, "gw2": OLD, "gw3": OLD})
    assert released(site, monkeypatch) == ["gw2", "gw3"]
    assert site.asked == ["gw1 beside gw2"]
    site = Site({"gw1": NEW, "gw2": OLD, "gw3": OLD}, slow="gw1")
    with pytest.raises(OperationError, match=r"is slower with it .* deploys/rollback.py takes it back"):
        released(site, monkeypatch)
    assert site.runs["gw2"] == OLD


def test_one_that_is_stopped_is_no_trial_of_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(dict.fromkeys(NAMES, OLD))
    assert released(site, monkeypatch, stopped="gw1") == list(NAMES)
    assert site.asked == ["gw1 beside gw2"]


def test_one_that_is_stopped_goes_back_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []

    def done(target: str, command: StringCommand, within: int | None = None) -> list[str]:
        given.append(target)
        return []

    monkeypatch.setattr(elsewhere, "done", done)
    with begun("gw1", "gw2") as state:
        executing(state)
        one, two = state.inventory
        with ctx_host.use(one), turn(Rolling("gateways", together=True), serves=False, restarts=True, undo=["true"]):
            pass
        with (
            pytest.raises(ZeroDivisionError),
            ctx_host.use(two),
            turn(Rolling("gateways", together=True), serves=True, restarts=True, undo=["true"]),
        ):
            raise ZeroDivisionError
    assert given == ["@fake/gw1"]
