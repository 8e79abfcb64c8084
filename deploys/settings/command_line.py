"""Mistakes of the command line that pyinfra itself would let pass, having done nothing."""

from __future__ import annotations

import runpy
from fnmatch import fnmatch
from pathlib import Path

import click
from pyinfra.api.exceptions import PyinfraError


def check() -> None:
    """
    Stop a run whose inventory is not there or whose ``--limit`` names nobody.

    Raises:
        PyinfraError: with what was mistyped and what there is instead.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return
    inventory = context.params.get("inventory", "")
    if not inventory.endswith(".py"):
        return
    if not Path(inventory).is_file():
        there = ", ".join(sorted(str(path) for path in Path("inventories").glob("[a-z]*.py")))
        raise PyinfraError(f"There is no inventory {inventory}. There are: {there}.")
    names, hosts = _names(inventory)
    for option in ("limit", "exclude"):
        for pattern in context.params.get(option) or ():
            if pattern not in names and not any(fnmatch(host, pattern) for host in hosts):
                known = ", ".join(sorted(names | hosts))
                raise PyinfraError(
                    f"--{option} {pattern}: {inventory} has no host or group of that name. It has: {known}."
                )


def _names(inventory: str) -> tuple[set[str], set[str]]:
    """The names of an inventory file's groups, and of its hosts."""
    groups = {"all", Path(inventory).stem}
    hosts: set[str] = set()
    for name, value in runpy.run_path(inventory).items():
        members = value[0] if isinstance(value, tuple) else value
        if name.startswith("_") or not isinstance(members, list):
            continue
        groups.add(name)
        hosts |= {member if isinstance(member, str) else member[0] for member in members}
    return groups, hosts
