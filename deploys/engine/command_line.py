"""Mistakes of the command line that pyinfra itself would let pass, having done nothing."""

from __future__ import annotations

import runpy
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
from pyinfra.api.exceptions import PyinfraError

from deploys.engine.per_run import PerRun


def check() -> None:
    """
    Stop a run whose inventory is not there or whose ``--limit`` names nobody.

    Raises:
        PyinfraError: with what was mistyped and what there is instead.
    """
    given = inventory()
    if not given.endswith(".py"):
        return
    if not Path(given).is_file():
        existing = ", ".join(sorted(str(path) for path in Path("inventories").glob("[a-z]*.py")))
        raise PyinfraError(f"There is no inventory {given}. There are: {existing}.")
    names, hosts = _names(given)
    for option in ("limit", "exclude"):
        for pattern in _given().get(option) or ():
            if pattern not in names and not any(fnmatch(host, pattern) for host in hosts):
                known = ", ".join(sorted(names | hosts))
                raise PyinfraError(f"--{option} {pattern}: {given} has no host or group of that name. It has: {known}.")


def plans() -> bool:
    """Whether this run only shows what it would do."""
    return bool(_given().get("dry"))


def prints_json() -> bool:
    """Whether this run's standard output is for programs."""
    return bool(_given().get("json_output"))


def inventory() -> str:
    """The inventory that this run was given, as it was written."""
    return str(_given().get("inventory", ""))


def deploys() -> tuple[str, ...]:
    """The deploy files that this run was given, as they were written."""
    return tuple(one for one in _given().get("operations", ()) if one.endswith(".py"))


def limits() -> tuple[str, ...]:
    """The hosts and groups that this run is limited to, as options."""
    return tuple(f"--limit {one}" for one in limited_to())


def limited_to() -> tuple[str, ...]:
    """The hosts and groups that this run is limited to, as they were written."""
    return tuple(_given().get("limit") or ())


def _read() -> dict[str, Any]:
    context = click.get_current_context(silent=True)
    return dict(context.params) if context else {}


# click knows its context only where the program itself runs, not where the hosts are worked on:
# config.py asks first.
_given: PerRun[dict[str, Any]] = PerRun(_read)


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
