"""A run of pyinfra's own, on pretended hosts, within a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pyinfra.api import Config, Inventory, State
from pyinfra.api.connect import connect_all
from pyinfra.api.host import Host
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_host, ctx_inventory, ctx_state


@contextmanager
def begun(*names: str, plans: bool = False, **data: Any) -> Iterator[State]:
    """
    A run that is connected to its hosts, and in which operations can be declared.

    Args:
        names: of the hosts
        plans: whether an operation says what it would change when it is declared
        **data: of all hosts, such as ``fake_responses``
    """
    data = {"fake_delay": 0, "fake_delay_jitter": 0, **data}
    inventory = Inventory(([f"@fake/{name}" for name in names], data))  # type: ignore[no-untyped-call]
    state = State(inventory, Config(FAIL_PERCENT=0), check_for_changes=plans)  # type: ignore[no-untyped-call]
    ctx_state.set(state)  # type: ignore[no-untyped-call]
    ctx_inventory.set(inventory)  # type: ignore[no-untyped-call]
    try:
        state.set_stage(StateStage.Connect)
        connect_all(state)
        state.set_stage(StateStage.Prepare)
        yield state
    finally:
        for context in (ctx_state, ctx_inventory, ctx_host):
            context.reset()


def on_each(state: State, act: Callable[[], Any]) -> dict[str, Any]:
    """Do something for each host, one after the other: what came of it, by the host's name."""
    found = {}
    for host in state.inventory:
        with ctx_host.use(host):
            found[name(host)] = act()
    return found


def executing(state: State) -> None:
    """Have the run execute from now on."""
    state.set_stage(StateStage.Execute)
    state.is_executing = True


def name(host: Host) -> str:
    """The name that a test gave a host."""
    return host.name.removeprefix("@fake/")


def executed(host: Host) -> list[str]:
    """The commands that a host was given."""
    commands: list[str] = host.connector.executed_commands  # type: ignore[attr-defined]
    return commands
