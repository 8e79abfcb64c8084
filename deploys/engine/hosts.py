"""The hosts of a run: which they are, how many are worked on at a time, and what a fact says of any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from gevent.pool import Pool
from pyinfra import host as this
from pyinfra import inventory, state
from pyinfra.api import FactBase
from pyinfra.context import ctx_host

from deploys.settings.given import Given

T = TypeVar("T")


def all_hosts() -> list[Given]:
    """Every host of the inventory, in its order, with what group_data and the command line give it."""
    return [
        Given(host.name, frozenset(host.groups), host.data.dict())  # type: ignore[no-untyped-call]
        for host in inventory
    ]


def active() -> list[str]:
    """What pyinfra calls the hosts that the run does not leave out, and that have not failed."""
    return [host.name for host in state.inventory.get_active_hosts()]


def limited() -> list[str]:
    """What pyinfra calls the hosts that the command line does not leave out, connected to or not."""
    return [host.name for host in inventory if state.is_host_in_limit(host)]


def current() -> str:
    """What pyinfra calls the host that the deploy is loaded for at this moment."""
    return this.name


def from_command_line() -> Mapping[str, Any]:
    """What ``--data`` gave to all hosts."""
    return cast("Mapping[str, Any]", inventory.override_data)


def at_most(number: int) -> None:
    """Have no more hosts than this worked on at a time."""
    state.pool = Pool(number)


def connect(target: str) -> None:
    """
    Connect to a host, where the run is not connected to it yet.

    Args:
        target: what pyinfra calls the host

    Raises:
        ConnectError: where it is not reached, with the reason and what to do.
    """
    inventory.get_host(target).connect(show_errors=False, raise_exceptions=True)


def read(target: str, fact: type[FactBase[T]], **arguments: Any) -> T:
    """
    What a fact says of a host, which is connected to where the run has left it out.

    Args:
        target: what pyinfra calls the host
        fact: the class of the fact
        **arguments: of the fact, and pyinfra's own, such as ``_sudo=False``

    Raises:
        ConnectError: where it is not reached.
    """
    host = inventory.get_host(target)
    with ctx_host.use(host):
        found: T = host.get_fact(fact, **arguments)
        return found
