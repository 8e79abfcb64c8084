"""What a run says at its end of the time it took."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from deploys.engine.timings import Timings

NAMES = {"a": "Quick", "b": "Slow", "c": "Of nobody here"}


def named(name: str) -> Any:
    host = Mock()
    host.name = name
    return host


def test_operations_and_hosts_are_told_slowest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("deploys.engine.timings.time.monotonic", lambda: now)
    one, two = named("one"), named("two")
    state = Mock(activated_hosts=[one, two])
    state.get_op_meta = lambda operation: SimpleNamespace(names={NAMES[operation]})
    timings = Timings()
    for now, note, host, operation in (  # noqa: B007
        (1.5, timings.operation_host_start, one, "a"),
        (1.6, timings.operation_host_success, one, "a"),
        (2.0, timings.operation_host_start, one, "b"),
        (2.0, timings.operation_host_start, two, "b"),
        (2.5, timings.operation_host_success, one, "b"),
        (5.0, timings.operation_host_error, two, "b"),
        (6.0, timings.operation_host_start, one, "c"),
    ):
        note(state, host, operation)
    lines = [line.split() for line in timings.lines(state)]
    assert lines[0][-4:] == ["1.50", "s", "of", "preparing:"]
    assert lines[2:4] == [["3.00", "Slow", "(two:", "3.00)"], ["0.10", "Quick", "(one:", "0.10)"]]
    assert lines[5:] == [["3.00", "two"], ["0.60", "one"]]
