"""A restore drill now."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Opened
from deploys.engine import hosts
from deploys.operations import backup


@deploy("Restore drill")
def apply(run: Opened) -> None:
    """Have the newest backup restored, proved and thrown away since this run began."""
    name = run.site.host(hosts.current()).name
    backup.drilled(
        name="The newest backup is restored, proved and thrown away", since=run.machines[name].number("clock")
    )
