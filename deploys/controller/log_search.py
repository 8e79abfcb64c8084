"""What all hosts wrote: asked of the log host, and printed."""

from __future__ import annotations

import sys

from pyinfra.api.exceptions import ConnectError, PyinfraError

from deploys.controller import data, logs
from deploys.engine import hosts
from deploys.facts.logs import Logs

OPTIONS = {"since": "since", "grep": "grep", "unit": "unit", "of_host": "host", "request": "request"}
"""What the log host's program calls what a run is given."""


def report() -> int:
    """
    Print the lines that were asked for.

    Returns:
        The exit status: 0 where there are any, 1 where there are none or they cannot be had.

    Raises:
        PyinfraError: where the site has no log host.
    """
    site, options = data.site(), data.options()
    keeper = logs.keeper(site)
    if keeper is None:
        raise PyinfraError(
            f"The site has no log host: put a host into the group {logs.GROUP} of its inventory, or read each host's "
            "journal by journalctl. No host was touched."
        )
    given = {option: getattr(options, name) for name, option in OPTIONS.items()}
    asked = {option: value for option, value in given.items() if value is not None}
    try:
        hosts.connect(keeper.target)
        said = hosts.read(keeper.target, Logs, asked=asked)
    except ConnectError as error:
        print(f"{keeper.name}, the log host, could not be read: {error}", file=sys.stderr)
        return 1
    if said.failed or not said.lines:
        print(*(said.lines or ["Nothing was found."]), sep="\n", file=sys.stderr)
        return 1
    print(*said.lines, sep="\n")
    return 0
