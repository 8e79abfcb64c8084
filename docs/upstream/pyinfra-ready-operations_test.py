"""Hosts that share no operation do not wait for each other, and after a failure nothing more begins."""

from collections import defaultdict

import pytest
from gevent.event import Event
from pyinfra.api import Config, Inventory, State, operation
from pyinfra.api.connect import connect_all
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operations import run_ops
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_host, ctx_state


@pytest.fixture
def state():
    data = {"fake_delay": 0, "fake_delay_jitter": 0, "fake_responses": {"fails": {"success": False}}}
    state = State(Inventory((["@fake/one", "@fake/two"], data)), Config(FAIL_PERCENT=0), check_for_changes=False)
    ctx_state.set(state)
    state.set_stage(StateStage.Connect)
    connect_all(state)
    state.set_stage(StateStage.Execute)
    yield state
    ctx_state.reset()


def declare(host, act, **arguments):
    with ctx_host.use(host):
        return act(**arguments)


def test_operations_of_different_hosts_overlap(state) -> None:
    events, seen = defaultdict(Event), []

    @operation()
    def begins_and_waits(begins, waits):
        events[begins].set()
        seen.append(events[waits].wait(timeout=2))
        yield "true"

    one, two = state.inventory
    declare(one, begins_and_waits, begins="one", waits="two", name="Of one")
    # In API mode the order is the only thing that tells operations apart.
    with ctx_host.use(two):
        two.loop_position.append(1)
        begins_and_waits(begins="two", waits="one", name="Of two")
        two.loop_position.pop()
    run_ops(state)
    assert seen == [True, True]


def test_a_shared_operation_is_still_a_barrier_and_a_failure_the_end(state) -> None:
    begun = []

    @operation()
    def step(what, command="true"):
        begun.append(what)
        yield command

    one, two = state.inventory
    for host in (one, two):
        declare(host, step, what="shared", command="fails" if host is one else "true", name="Shared")
        declare(host, step, what="after", name="After")
    with pytest.raises(PyinfraError, match="Over 0% of hosts failed"):
        run_ops(state)
    assert begun == ["shared", "shared"]
