"""The site of a run, from what pyinfra read of inventory and group_data: checked before any host is connected to."""

from __future__ import annotations

import sys
from pathlib import Path

from pyinfra import logger

from deploys.controller import keep, pages
from deploys.controller.services import ahead
from deploys.engine import command_line, hosts
from deploys.engine.per_run import PerRun
from deploys.settings.load import DataError, load, shared
from deploys.settings.of_run import OfRun, misplaced, of_run
from deploys.settings.site import Site, plain

CHECK_ONLY, KEEP, OPEN, PREPARE = "check_data.py", "keep.py", "open.py", "prepare_services.py"
REVOKE = "revoke.py"
OF_GROUPS = {
    "downgrade.py": ("gateways", "load_balancers", "backups"),
    "failover.py": ("postgres",),
    "rejoin.py": ("postgres",),
    "restore.py": ("postgres", "backups"),
    "restore_drill.py": ("backups",),
    "restore_point.py": ("backups",),
    "rollback.py": ("gateways", "load_balancers"),
}
"""Deploys for when hosts are down: they concern the hosts of these groups, and go on with those that answer."""
LIMITED = {"downgrade.py", "rollback.py"}
"""Those of them that may leave out a host that answers; the others decide by all that do."""


def check() -> None:
    """
    Check the data of a run that concerns a site, before it connects.

    Raises:
        DataError: listing everything that is wrong.
    """
    names = own_deploys()
    if not names or not command_line.inventory().endswith(".py"):
        return
    if names == {PREPARE}:
        logger.info(f"--> {ahead.make(shared(hosts.all_hosts()))}")
        sys.exit(0)
    checked = site().hosts
    if names == {KEEP}:
        logger.info(f"--> {keep.pack(site(), command_line.inventory(), options().keep_passphrase_file)}")
        sys.exit(0)
    if names == {OPEN}:
        print(pages.guide(site(), {plain(one.target): one.data for one in hosts.all_hosts()}))
        sys.exit(0)
    if names == {CHECK_ONLY}:
        logger.info(f"--> The data of {len(checked)} hosts is valid, and so are the secrets. No host was connected to.")
        sys.exit(0)


def groups() -> tuple[str, ...]:
    """The groups whose hosts the run goes on with, as far as they answer; none where it needs every host."""
    if own_deploys() == {REVOKE}:
        # Whoever stole one may have cut off others: those that are reached must not wait for them.
        return tuple(sorted({group for one in hosts.all_hosts() for group in one.groups}))
    found = {OF_GROUPS.get(name, ()) for name in own_deploys()}
    return found.pop() if len(found) == 1 else ()


def limited() -> bool:
    """Whether a run goes on only with those hosts of its groups that the command line does not leave out."""
    return own_deploys() <= LIMITED


def own_deploys() -> set[str]:
    """The names of this project's entry points among the deploys that the run was given."""
    return {Path(file).name for file in command_line.deploys() if Path(file).parent.name == "deploys"}


def _loaded() -> Site:
    given = hosts.all_hosts()
    wrong = misplaced([host.data for host in given], hosts.from_command_line())
    if wrong:
        raise DataError(wrong)
    return load(given)


def options() -> OfRun:
    """What the command line gave for this run alone."""
    return of_run(hosts.from_command_line())


site: PerRun[Site] = PerRun(_loaded)
