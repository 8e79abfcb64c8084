"""A command that proves that the host still lets somebody in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import ConnectError
from pyinfra.connectors.util import CommandOutput, OutputLine

if TYPE_CHECKING:
    from pyinfra.api.arguments import ConnectorArguments
    from pyinfra.api.host import Host
    from pyinfra.api.state import State


class NewLogin(StringCommand):
    """
    A command that goes over a connection of its own: it succeeds only where a new login does.

    The connection is made as pyinfra made the one of the run, with the host's own data.

    Args:
        command: the shell command
        timeout: seconds that the login may take
        otherwise: what happens where none comes, for the error
    """

    def __init__(self, command: str, timeout: float, otherwise: str) -> None:
        super().__init__(command)
        self.timeout = timeout
        self.otherwise = otherwise

    def execute(self, state: State, host: Host, connector_arguments: ConnectorArguments) -> tuple[bool, CommandOutput]:
        """Log in anew and run the command: whether it succeeded, and what it printed."""
        connector: Any = type(host.connector)(state, host)
        try:
            if refusal := self._refusal(connector):
                message = (
                    f"{host.name}: no new login within {self.timeout:g} s after the change"
                    f" ({refusal}). {self.otherwise}"
                )
                return False, CommandOutput([OutputLine("stderr", message)])
            result: tuple[bool, CommandOutput] = connector.run_shell_command(
                self,
                print_output=state.print_output,
                print_input=state.print_input,
                **connector_arguments,
            )
            return result
        finally:
            if client := getattr(connector, "client", None):
                client.close()

    def _refusal(self, connector: Any) -> str | None:
        """Log in; why that was not possible, or None where it was."""
        refusal = "no answer"
        end = time.monotonic() + self.timeout
        while (left := end - time.monotonic()) > 0:
            # Without an exception: paramiko would take a TimeoutError for its socket's.
            with gevent.Timeout(left, False):
                try:
                    connector.connect()
                    return None
                except ConnectError as error:
                    refusal = str(error)
            gevent.sleep(min(1, left))
        return refusal
