"""What an operation has done on other hosts, between its own commands."""

from __future__ import annotations

from typing import cast

from pyinfra import inventory, state
from pyinfra.api import StringCommand
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, ConnectorArguments, pop_global_arguments
from pyinfra.api.exceptions import ConnectError, OperationError
from pyinfra.context import ctx_host


class ElsewhereError(OperationError):
    """Another host did not do what an operation needs of it."""


def done(target: str, command: StringCommand) -> list[str]:
    """
    Have a host do something now, in the middle of an operation of any host.

    It may be left out of the run: it is connected to then. To be called only while operations are
    carried out.

    Args:
        target: what pyinfra calls the host
        command: what it does, with the privileges that operations have

    Returns:
        the lines that it printed

    Raises:
        ElsewhereError: where it is not reached, or the command failed, with what it said.
    """
    host = inventory.get_host(target)
    try:
        host.connect(show_errors=False, raise_exceptions=True)
        with ctx_host.use(host):
            every, _ = pop_global_arguments(state, host, {})
            arguments = {key: every[key] for key in CONNECTOR_ARGUMENT_KEYS if key in every}  # type: ignore[literal-required]
            well, output = command.execute(state, host, cast("ConnectorArguments", arguments))
    except (ConnectError, OSError, EOFError) as error:
        raise ElsewhereError(f"{host.name} is not reached: {error}") from error
    if not well:
        raise ElsewhereError(f"{host.name} said: {output.stderr.strip() or output.stdout.strip()}")
    return list(output.stdout_lines)
