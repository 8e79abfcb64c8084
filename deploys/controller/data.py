"""The site of a run, from what pyinfra read of inventory and group_data: checked before any host is connected to."""

from __future__ import annotations

from pathlib import Path

from pyinfra import inventory

from deploys.engine import command_line
from deploys.engine.per_run import PerRun
from deploys.settings.load import DataError, Given, load
from deploys.settings.of_run import OfRun, misplaced, of_run
from deploys.settings.site import Site


def check() -> None:
    """
    Check the data of a run that concerns a site, before it connects.

    Raises:
        DataError: listing everything that is wrong.
    """
    concerns = any(Path(file).parent.name == "deploys" for file in command_line.deploys())
    if concerns and command_line.inventory().endswith(".py"):
        site()


def _loaded() -> Site:
    hosts = [
        Given(host.name, frozenset(host.groups), host.data.dict())  # type: ignore[no-untyped-call]
        for host in inventory
    ]
    wrong = misplaced([host.data for host in hosts], inventory.override_data)
    if wrong:
        raise DataError(wrong)
    return load(hosts)


def options() -> OfRun:
    """What the command line gave for this run alone."""
    return of_run(inventory.override_data)


site: PerRun[Site] = PerRun(_loaded)
