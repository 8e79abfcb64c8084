"""A gateway that changes is left out by its balancers first, and always taken back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import gevent
import pytest
from pyinfra.api import State, StringCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.operations import run_host_op
from pyinfra.context import ctx_host

from deploys.engine import elsewhere as elsewhere_engine
from deploys.engine.elsewhere import ElsewhereError
from deploys.operations import balancer, drain
from deploys.operations.drain import Drain, drained, requests
from tests.unit.fake_run import begun, executed, executing, on_each

GATEWAY = Drain("gw1", "gw1", ("lb1", "lb2"), timeout=1, metrics="http://127.0.0.1:8000/metrics")
BUSY = 'gateway_requests_in_flight{service="samples"} 3.0'
IDLE = 'gateway_requests_in_flight{service="samples"} 0.0'


def test_a_mark_is_the_only_one_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that died may have left another."""
    drained, canary = tmp_path / "drained", tmp_path / "canary"
    monkeypatch.setattr(balancer, "DRAINED", str(drained))
    monkeypatch.setattr(balancer, "CANARY", str(canary))
    configuration = tmp_path / "tracseq.conf"
    configuration.write_text(f"if (-f {drained}/gw1) {{\nif (-f {canary}/gw1) {{\n")

    def run(lines: list[str]) -> str:
        done = subprocess.run(["sh", "-euc", "\n".join(lines)], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def marks() -> list[str]:
        return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*"))

    drained.mkdir()
    (drained / "gw2").touch()
    assert run(balancer.marked("gw1", str(drained), str(configuration))) == ""
    assert marks() == ["drained/gw1"]
    run(balancer.marked("gw1", str(canary), str(configuration)))
    assert marks() == ["canary/gw1"]
    run(balancer.unmarked())
    assert marks() == []
    # Of a gateway that its configuration does not have it says so.
    assert run(balancer.marked("gw4", str(drained), str(configuration))) == balancer.UNKNOWN
    assert marks() == []


@dataclass
class Elsewhere:
    """Hosts that note what they are to do; those that are away do nothing."""

    away: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    at_work: Callable[[], str] = lambda: IDLE
    did: list[str] = field(default_factory=list)

    def done(self, target: str, command: StringCommand, within: int | None = None) -> list[str]:
        gevent.sleep(0.001)  # as the network has others run meanwhile
        if target in self.away:
            raise ElsewhereError(f"{target} is not reached")
        text = str(command)
        if "curl" in text:
            return [self.at_work()]
        if "touch" not in text:
            self.did.append(f"{target} takes back")
            return []
        self.did.append(f"{target} drains")
        return [balancer.UNKNOWN] if target in self.unknown else []


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    stub = Elsewhere()
    monkeypatch.setattr(drain, "LOOK", 0.01)
    monkeypatch.setattr(elsewhere_engine, "done", stub.done)
    return stub


@operation()
def changes(command: str) -> Generator[StringCommand]:
    """Change a host while its balancers leave it out."""
    with drained(GATEWAY):
        yield StringCommand(command)


def run(state: State, host: Host) -> bool:
    with ctx_host.use(host):
        return run_host_op(state, host, host.op_hash_order[0])


def test_every_balancer_leaves_it_out_while_it_changes(elsewhere: Elsewhere) -> None:
    with begun("gw1") as state:
        on_each(state, lambda: changes(command="change", name="1"))
        assert elsewhere.did == []
        executing(state)
        [host] = state.inventory
        assert run(state, host)
        assert executed(host) == ["change"]
    assert elsewhere.did == ["lb1 drains", "lb2 drains", "lb1 takes back", "lb2 takes back"]


def test_one_whose_change_failed_is_taken_back(elsewhere: Elsewhere) -> None:
    with begun("gw1", fake_responses={"fails": {"success": False}}) as state:
        on_each(state, lambda: changes(command="fails", name="1"))
        executing(state)
        [host] = state.inventory
        assert not run(state, host)
    assert elsewhere.did[2:] == ["lb1 takes back", "lb2 takes back"]


def test_a_balancer_that_is_away_keeps_nobody_from_changing(elsewhere: Elsewhere) -> None:
    elsewhere.away.add("lb1")
    with begun("gw1") as state:
        on_each(state, lambda: changes(command="change", name="1"))
        executing(state)
        [host] = state.inventory
        assert run(state, host)
    assert elsewhere.did == ["lb2 drains", "lb2 takes back"]


def test_it_waits_for_what_has_begun_and_no_longer_than_it_may(elsewhere: Elsewhere) -> None:
    # One that came when it was marked is seen at the second look.
    answers = iter([BUSY, IDLE, BUSY, IDLE, IDLE])
    elsewhere.at_work = lambda: next(answers)
    changed(elsewhere)
    assert next(answers, None) is None
    elsewhere.at_work = lambda: BUSY
    changed(elsewhere)


def test_where_all_balancers_go_on_sending_it_does_not_wait_in_vain(elsewhere: Elsewhere) -> None:
    elsewhere.unknown |= {"lb1", "lb2"}
    elsewhere.at_work = lambda: pytest.fail("it would never be at work with nothing")
    changed(elsewhere)


def changed(elsewhere: Elsewhere) -> None:
    with begun("gw1") as state:
        on_each(state, lambda: changes(command="change", name="1"))
        executing(state)
        [host] = state.inventory
        assert run(state, host)
        assert executed(host) == ["change"]
    assert elsewhere.did[-2:] == ["lb1 takes back", "lb2 takes back"]


def test_it_says_what_it_waits_for() -> None:
    assert requests([BUSY, IDLE.replace("samples", "storage")]) == "3 to samples"
    assert requests([IDLE]) == ""
    assert requests([]) == "its metrics do not say what"
