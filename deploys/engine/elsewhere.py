"""What an operation has done on other hosts, between its own commands."""

from __future__ import annotations

from typing import cast

from paramiko import SSHException
from pyinfra import inventory, state
from pyinfra.api import StringCommand
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, ConnectorArguments, pop_global_arguments
from pyinfra.api.exceptions import ConnectError, OperationError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host


class ElsewhereError(OperationError):
    """Another host did not do what an operation needs of it."""


def done(target: str, command: StringCommand, within: int | None = None) -> list[str]:
    """
    Have a host do something now, in the middle of an operation of any host.

    It may be left out of the run: it is connected to then. Where the connection has ended since, as that
    of a host which was booted, it is tried once more by a new one: what is asked for must bear that. To
    be called only while operations are carried out.

    Args:
        target: what pyinfra calls the host
        command: what it does, with the privileges that operations have
        within: seconds that it may take; None: as long as it takes

    Returns:
        the lines that it printed

    Raises:
        ElsewhereError: where it is not reached, or the command failed, with what it said.
    """
    host = inventory.get_host(target)
    for last in (False, True):
        try:
            return _done(host, command, within)
        except (ConnectError, SSHException, OSError, EOFError) as error:
            if last or isinstance(error, TimeoutError):
                raise ElsewhereError(f"{host.name} is not reached: {error}") from error
            # pyinfra takes a host for connected to until it is told otherwise.
            host.disconnect()
            host.connected = False
    raise AssertionError("the second try has returned, or raised an error")


def _done(host: Host, command: StringCommand, within: int | None) -> list[str]:
    host.connect(show_errors=False, raise_exceptions=True)
    # pyinfra itself does not come back to the operation's host from an exception, such as that of a timeout.
    before = ctx_host.get()  # type: ignore[no-untyped-call]
    try:
        ctx_host.set(host)  # type: ignore[no-untyped-call]
        every, _ = pop_global_arguments(state, host, {})
        arguments = {key: every[key] for key in CONNECTOR_ARGUMENT_KEYS if key in every}  # type: ignore[literal-required]
        well, output = command.execute(state, host, cast("ConnectorArguments", arguments | {"_timeout": within}))
    finally:
        ctx_host.set(before)  # type: ignore[no-untyped-call]
    if not well:
        raise ElsewhereError(f"{host.name} said: {output.stderr.strip() or output.stdout.strip()}")
    return list(output.stdout_lines)
