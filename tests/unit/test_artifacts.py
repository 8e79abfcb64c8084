"""What hosts unpack of services is made once, whoever asks for it, and for hosts of both Debians at the same time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from pyinfra.context import ctx_state

from deploys.controller.services import artifacts
from deploys.facts.machine import MachineState
from deploys.settings.service import Service

SECONDS = 10


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """A lock that never comes holds up all greenlets: nothing but a signal ends it."""

    def ended(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ended)
    # Again and again, as one greenlet after the other would wait.
    signal.setitimer(signal.ITIMER_REAL, SECONDS, 0.1)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_hosts_of_two_debians_ask_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sample.lock").write_text("")
    read: list[str] = []

    def waits(name: str, source: object, machine: str, python: str, target: Path) -> tuple[str, None]:
        read.append(python)
        gevent.sleep(0.05)  # as pip does, which is waited for
        target.write_text(python)
        return python, None

    monkeypatch.setattr(artifacts, "_read", waits)
    source = {"type": "wheels", "file": "sample.lock", "sha256": "0" * 64}
    service = Service.model_validate({"source": source, "hosts": ["app1"], "port": 8081, "command": ["sample"]})
    machines = [MachineState(values={"architecture": "x86_64", "version": version}) for version in ("12", "13", "12")]

    class State:
        """A run."""

    with ctx_state.use(State()):
        jobs = [gevent.spawn(artifacts.of, "sample", service, machine) for machine in machines]
        gevent.joinall(jobs, raise_error=True)
    assert len(read) == 2
    assert jobs[0].value == jobs[2].value != jobs[1].value
