"""A gateway that changes is left out by its balancers first, and always taken back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import gevent
import pytest
from pyinfra.api import OperationError, State, StringCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.operations import run_host_op
from pyinfra.context import ctx_host

from deploys.engine import elsewhere as elsewhere_engine
from deploys.engine.elsewhere import ElsewhereError
from deploys.operations import nginx
from deploys.operations.drain import Drain, drained, said
from tests.unit.fake_run import begun, executed, executing, on_each

UPSTREAM = """\
upstream gateways {
    least_conn;
    server 10.1.0.11:8000 max_fails=3 fail_timeout=30s;  # gw1
    server 10.1.0.111:8000 max_fails=3 fail_timeout=30s;  # gw2
    keepalive 32;
}
server {
    server_name api.example.org;
}
"""
GATEWAY = Drain(
    target="gw1",
    server="10.1.0.11:8000",
    balancers=("lb1", "lb2"),
    addresses=("10.1.0.1", "10.1.0.2"),
    timeout=1,
    metrics="http://127.0.0.1:8000/metrics",
)


def marked(text: str, server: str) -> subprocess.CompletedProcess[str]:
    command = ["awk", "-v", f"server={server}", "-v", "own=down", nginx.MARK]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_one_server_is_marked_and_no_other_that_looks_like_it() -> None:
    done = marked(UPSTREAM, "10.1.0.11:8000")
    assert done.returncode == 0
    assert done.stdout == UPSTREAM.replace("30s;  # gw1", "30s down;  # gw1")


def test_what_a_run_that_died_had_marked_is_taken_back() -> None:
    done = marked(UPSTREAM.replace("30s;  # gw2", "30s down;  # gw2"), "10.1.0.11:8000")
    assert done.stdout == UPSTREAM.replace("30s;  # gw1", "30s down;  # gw1")


@pytest.mark.parametrize("text", [UPSTREAM, UPSTREAM.replace("    server 10.1.0.111:8000 ", "    # server ")])
def test_an_unknown_server_and_the_only_one_are_not_marked(text: str) -> None:
    server = "10.1.0.11:8000" if "# server" in text else "10.1.0.12:8000"
    assert marked(text, server).returncode != 0


def test_the_file_of_a_server_that_is_taken_back_is_the_one_of_before(tmp_path: Path) -> None:
    """Its time of writing, too: by that the deploy knows that nginx runs with it."""
    file = tmp_path / "tracseq.conf"
    file.write_text(UPSTREAM)
    before = file.stat().st_mtime_ns
    stubs = f"PATH={tmp_path}:$PATH"
    for name in ("systemctl", "ps", "curl"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)

    def run(lines: list[str]) -> None:
        text = "\n".join(["set -eu", stubs, *lines]).replace(nginx.reload(), "true")
        text = text.replace("/run/tracseq", str(tmp_path))
        done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    run(nginx.drained("10.1.0.11:8000", str(file)))
    assert "max_fails=3 fail_timeout=30s down;  # gw1" in file.read_text()
    assert file.stat().st_mtime_ns != before
    run(nginx.shared("10.1.0.11:8000", 5, str(file)))
    assert file.read_text() == UPSTREAM.replace("30s;  # gw2", "30s weight=5;  # gw2")
    run(nginx.undrained(str(file)))
    assert file.read_text() == UPSTREAM
    assert file.stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curl", "ps", "systemctl", "tracseq.conf"]


@dataclass
class Elsewhere:
    """Hosts that note what they are to do; those that are away do nothing."""

    away: set[str] = field(default_factory=set)
    open_connections: Callable[[], str] = lambda: "0"
    did: list[str] = field(default_factory=list)

    def done(self, target: str, command: StringCommand) -> list[str]:
        gevent.sleep(0.001)  # as the network has others run meanwhile
        if target in self.away:
            raise ElsewhereError(f"{target} is not reached")
        text = str(command)
        if "awk" in text:
            self.did.append(f"{target} drains")
        elif "sed" in text:
            self.did.append(f"{target} takes back")
        elif "ss -Htn" in text:
            return [self.open_connections()]
        return []


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    stub = Elsewhere()
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


def test_where_one_does_not_leave_it_out_nothing_changes(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(target: str, command: StringCommand) -> list[str]:
        if target == "lb2" and "awk" in str(command):
            raise ElsewhereError("lb2 said: nginx has started no new workers")
        return elsewhere.done(target, command)

    monkeypatch.setattr(elsewhere_engine, "done", refuses)
    with begun("gw1") as state:
        on_each(state, lambda: changes(command="change", name="1"))
        executing(state)
        [host] = state.inventory
        with pytest.raises(OperationError, match="gw1 was not drained, or not taken back: lb2 said"):
            run(state, host)
        assert executed(host) == []
    assert elsewhere.did == ["lb1 drains", "lb1 takes back", "lb2 takes back"]


def test_it_waits_for_what_has_begun_and_no_longer_than_it_may(elsewhere: Elsewhere) -> None:
    answers = iter(["2", "2", "1", "0"])
    elsewhere.open_connections = lambda: next(answers)
    with begun("gw1") as state:
        on_each(state, lambda: changes(command="change", name="1"))
        executing(state)
        [host] = state.inventory
        assert run(state, host)
    assert next(answers, None) is None
    elsewhere.open_connections = lambda: gevent.sleep(0.1) or "1"
    with begun("gw1") as state:
        on_each(state, lambda: changes(command="change", name="1"))
        executing(state)
        [host] = state.inventory
        assert run(state, host)
        assert executed(host) == ["change"]


def test_it_says_what_it_waits_for() -> None:
    metrics = ['gateway_requests_in_flight{service="samples"} 3.0', 'gateway_requests_in_flight{service="storage"} 0.0']
    assert said(3, metrics) == "3 connections of balancers (requests, WebSockets and uploads: 3 to samples)"
    assert said(1, []) == "1 connection of balancers"
