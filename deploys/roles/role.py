"""A role, as site.py names it: it is applied to the hosts of its group, and taken away from those that left."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol

from deploys.engine.barrier import barrier
from deploys.settings.declaration import Declaration
from deploys.settings.host import SiteHost
from deploys.settings.of_run import OfRun
from deploys.settings.site import Site


class Machine(Protocol):
    """A host as it was found."""

    @property
    def roles(self) -> frozenset[str]:
        """The names of the roles that it was once given."""


class Run(Protocol):
    """What a role needs to know of a run in order to tell whether it concerns a host."""

    @property
    def host(self) -> SiteHost: ...

    @property
    def machines(self) -> Mapping[str, Machine]: ...

    @property
    def site(self) -> Site: ...

    @property
    def options(self) -> OfRun: ...


class Role:
    """
    A role in a folder beside this file.

    The folder has ``declaration.py`` with a ``DECLARATION``, ``apply.py`` with ``apply(run)`` and,
    where a host can leave the role, ``remove.py`` with ``remove(run)``. What the role can do before
    the groups it comes after are ready is ``prepare(run)`` in ``prepare.py``; what it can do only
    once roles that use it have changed is ``finish(run)`` in ``finish.py``, where that is all that a
    host gives back in place of ``remove.py``. What can only be found wrong on its hosts, before any is
    changed, is ``check(run)`` in ``check.py``.

    Args:
        name: of the folder
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Role({self.name!r})"

    @cached_property
    def declaration(self) -> Declaration:
        """What the role says of itself."""
        found: Declaration = self._module("declaration").DECLARATION
        return found

    def check(self, run: Run) -> None:
        """
        Have no host of the run changed before those in the role have found nothing wrong.

        Called like ``apply()``, on a line before that of the first role.
        """
        if self._later(run):
            return
        if self.declaration.of(run.host.groups):
            self._module("check").check(run)
        if any(self.declaration.of(run.site.host(name).groups) for name in run.machines):
            barrier(name=f"{self.declaration.title}: it is found right before any host is changed")

    def apply(self, run: Run) -> None:
        """
        Have this host of the run in the role, or no longer in it.

        Called on a line of its own in site.py, for every host: pyinfra tells the operations of
        hosts apart by the lines that lead to them.
        """
        if self._later(run):
            return
        title, groups = self.declaration.title, run.host.groups
        wanted, leaving = self.declaration.of(groups), self._leaving(run)
        if wanted and self._has("prepare"):
            self._module("prepare").prepare(run)
        if self.declaration.after and groups & {self.declaration.group, *self.declaration.after}:
            barrier(name=f"{title}: what it needs is ready")
        if run.host.name in leaving and self._has("remove"):
            self._module("remove").remove(run)
        if leaving and (wanted or run.host.name in leaving):
            barrier(name=f"{title}: hosts that left it have given it up")
        if wanted:
            self._module("apply").apply(run)

    def finish(self, run: Run) -> None:
        """
        Have this host of the run without what others used until now.

        Called like ``apply()``, on a line after those of the roles that used it.
        """
        if not self._later(run):
            self._module("finish").finish(run)

    def _later(self, run: Run) -> bool:
        """Whether the run ends before the phase in which a site gets the role."""
        return run.options.phase is not None and run.options.phase < self.declaration.phase

    def _leaving(self, run: Run) -> list[str]:
        """The hosts of the run that have the role, and are to have it no more."""
        return [
            name
            for name, machine in run.machines.items()
            if self.name in machine.roles and not self.declaration.of(run.site.host(name).groups)
        ]

    def _has(self, part: str) -> bool:
        return (Path(__file__).parent / self.name / f"{part}.py").is_file()

    def _module(self, part: str) -> ModuleType:
        return import_module(f"deploys.roles.{self.name}.{part}")
