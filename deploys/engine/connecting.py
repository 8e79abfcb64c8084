"""Before a run connects its data is checked; a host that does not answer says so in one line, with what to do."""

from __future__ import annotations

import logging
import runpy
import shlex
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import gevent
from pyinfra.api.config import Config
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State
from pyinfra.context import ctx_state

from deploys.engine import command_line

ADVICE = {
    "Authentication error": "its sshd does not take this user with this key; try ssh {user}@{address} -p {port}, and "
    "see ssh_user and ssh_key in group_data or the inventory",
    "Could not resolve hostname": "this machine knows no such name; see ssh_hostname in the inventory",
    "Could not connect": "is it switched on, does its sshd listen at {address} port {port}, and does its firewall "
    "know this machine?",
    "SSH host key error": "another machine than before answers at {address}; if that is right, forget the old one: "
    "{forget}",
    "SSH error": "what answers at {address} port {port} is no SSH server, or one that refuses this machine",
    "EOF error": "what answers at {address} port {port} ended the connection; its sshd may be starting or overloaded",
}
"""What to do, by how pyinfra's message begins."""


def before_connecting(
    check: Callable[[], None],
    groups: Callable[[], Sequence[str]] = tuple,
    limited: Callable[[], bool] = bool,
    alone: Sequence[str] = (),
    chosen: Callable[[], Collection[str] | None] = lambda: None,
) -> None:
    """
    Have a check run once the inventory is known, and before any host is connected to.

    pyinfra has no such moment of its own: it reads config.py before the inventory, and loads the
    deploy once it is connected.

    Args:
        check: raises what stops the run
        groups: those whose hosts the run goes on with, as far as they answer; none where it needs
            every host. pyinfra itself either needs all of them, or goes on without those that fail later, too
        limited: whether of these hosts only those are meant that the command line does not leave out
        alone: deploys that connect to hosts by themselves: pyinfra would leave out those that do not
            answer, or end where none does. Each is loaded once, and not for each host, and ends the run
        chosen: what pyinfra calls the hosts that the run goes on with, found out by asking hosts; None: those that
            the command line does not leave out
    """
    state: State = ctx_state.get()  # type: ignore[no-untyped-call]
    init = state.init

    def checked(inventory: Inventory, config: Config | None, initial_limit: Any = None) -> None:
        init(inventory, config, initial_limit=initial_limit)
        check()
        for host in inventory:
            _explain(host)
        given = [Path(deploy).parts[-2:] for deploy in command_line.deploys()]
        for deploy in alone:
            if Path(deploy).parts in given:
                if len(given) > 1:
                    raise PyinfraError(f"{deploy} is run by itself: leave out the other deploys. No host was touched.")
                runpy.run_path(deploy)
        known = {name for host in inventory for name in host.groups}
        if names := [name for name in groups() if name in known]:
            members = dict.fromkeys(host for name in names for host in inventory.get_group(name))
            limit = state.limit_hosts if limited() else None
            state.limit_hosts = _reached([host for host in members if limit is None or host in limit])
        if (targets := chosen()) is not None:
            state.limit_hosts = [host for host in inventory if host.name in targets]

    state.init = checked  # type: ignore[method-assign]
    # Of a host that does not answer, its thread would print a traceback.
    logging.getLogger("paramiko.transport").setLevel(logging.CRITICAL)


def _reached(members: list[Host]) -> list[Host]:
    """
    The hosts that answer, connected to.

    Raises:
        PyinfraError: where none does.
    """
    gevent.joinall([gevent.spawn(host.connect) for host in members], raise_error=True)
    reached = [host for host in members if host.connected]
    if not reached:
        raise PyinfraError("None of the hosts that this run concerns was reached; the reasons are above.")
    return reached


_unreached: defaultdict[str, list[ConnectError]] = defaultdict(list)
"""Why hosts were not reached, by what pyinfra calls them."""


def forget(target: str) -> None:
    """
    Have a host tried again that was not reached, as one that boots.

    Args:
        target: what pyinfra calls the host
    """
    _unreached[target].clear()


def _explain(host: Host) -> None:
    """Have a host that cannot be connected to say in the same line what to do."""
    connect, unreached = host.connector.connect, _unreached[host.name]

    def explained() -> None:
        if unreached:
            # It was tried for as long as anybody wants to wait.
            raise unreached[0]
        try:
            connect()
        except ConnectError as error:
            said = str(error)
            advice = next((text for begin, text in ADVICE.items() if said.startswith(begin)), None)
            if advice is None:
                unreached.append(error)
                raise
            address, port = host.data.get("ssh_hostname") or host.name, host.data.get("ssh_port") or 22
            user, file = host.data.get("ssh_user") or "you", host.data.get("ssh_known_hosts_file")
            place = {"address": address, "port": port, "user": user, "forget": _forget(address, int(port), file)}
            unreached.append(ConnectError(f"{said}: {advice.format(**place)}"))
            raise unreached[0] from error

    host.connector.connect = explained  # type: ignore[method-assign]


def _forget(address: str, port: int, file: str | None) -> str:
    """The command with which this machine forgets a host's key: of another port than SSH's, that port's alone."""
    known_as = address if port == 22 else f"[{address}]:{port}"
    return shlex.join(["ssh-keygen", *(("-f", file) if file else ()), "-R", known_as])
