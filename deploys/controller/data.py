"""The site of a run, from what pyinfra read of inventory and group_data: checked before any host is connected to."""

from __future__ import annotations

import sys
from pathlib import Path

from pyinfra import inventory, logger

from deploys.engine import command_line
from deploys.engine.per_run import PerRun
from deploys.settings.load import DataError, Given, load
from deploys.settings.of_run import OfRun, misplaced, of_run
from deploys.settings.site import Site

CHECK_ONLY = "check_data.py"


def check() -> None:
    """
    Check the data of a run that concerns a site, before it connects.

    Raises:
        DataError: listing everything that is wrong.
    """
    names = {Path(file).name for file in command_line.deploys() if Path(file).parent.name == "deploys"}
    if not names or not command_line.inventory().endswith(".py"):
        return
    hosts = site().hosts
    if names == {CHECK_ONLY}:
        logger.info(f"--> The data of {len(hosts)} hosts is valid, and so are the secrets. No host was connected to.")
        sys.exit(0)


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
