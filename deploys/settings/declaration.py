"""What a role says of itself: all that the rest of the site must know of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploys.settings.credential import Credential
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.shared import Shared
from deploys.settings.site import Site


class Machine(Protocol):
    """What a role may ask about a machine, as it is before anything is done to it."""

    @property
    def addresses(self) -> Mapping[str, tuple[str, str]]:
        """By each of its addresses: the interface that has it, and the address with the length of its network."""

    @property
    def filled(self) -> Collection[str]:
        """Which of the directories that declarations ask for hold anything."""

    def number(self, name: str) -> float:
        """One of its numbers, such as ``memory`` in bytes or ``cpus``; 0 where it is not known."""


@dataclass(frozen=True)
class Listener:
    """
    A TCP port that a role's hosts listen on.

    Args:
        port: a number, or the name of the value that holds it
        programs: how the names of the programs begin that may hold it
        unit: whose program may hold it, whatever its name
        asked_by: the group whose hosts connect to it; without any of them nobody listens
    """

    port: int | str
    programs: tuple[str, ...]
    asked_by: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class State:
    """
    A directory with what a service must not lose.

    Args:
        path: the directory
        steady: a file in it that is the same before and after a copy that fits together
    """

    path: str
    steady: str | None = None


@dataclass(frozen=True)
class OnHost:
    """
    What a role has on one host, where data says so: ports that it listens on, units, packages.

    Where a package is of one Debian release alone, ``obstacles`` says so of hosts with another.
    """

    listeners: tuple[Listener, ...] = ()
    units: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """
    A role.

    Args:
        title: what people call it, and how its operations' names begin
        phase: in which a site gets it that is deployed by phases
        group: the inventory's group whose hosts have it; None where every host has it
        by_data: makes the group no inventory's: it says of a host's name, its other groups and its data whether it
            belongs to it
        required: whether a site must have a host in the group
        model: what the data in group_data/<group>.py must be
        shared: what further data in group_data/all.py must be, the same on all hosts
        packages: names of Debian packages, the same on all supported releases
        packages_by_data: those that only some data asks for; what installs them is in apply.py
        preseeds: files, by path, that must be there before the packages are installed
        listeners: ports that its hosts listen on
        rules: what the firewall must let through for it
        rules_by_data: and what it must because of what all hosts share
        secrets: names of secrets in .env.<environment>, and how many characters each needs
        optional_secrets: those that only some data asks for; ``problems`` says when one is missing
        kernel_settings: the value of the model that holds kernel settings of its hosts
        after: groups that must be ready before its hosts change
        traces: paths on a host of which one is there where the host has the role
        units: canonical names of its units that are active on a host that is well
        on_host: which further listeners, units and packages it has on one host
        certificates: paths of the certificates that its hosts have for it, beside those of its credentials
        credentials: the certificates by which a host is known because of it, with their keys
        state: directories with what its service must not lose; a backup host fetches them
        looked_into: directories of which ``obstacles`` is told whether they hold anything
        of_site: this declaration as the data of a site has it; without it, it is the same in all of them
        problems: what is wrong with the site's data for it, a sentence each
        obstacles: what about a machine keeps the role from it: what was found, and what is needed
    """

    title: str
    phase: int = 1
    group: str | None = None
    by_data: Callable[[str, Iterable[str], Mapping[str, Any]], bool] | None = None
    required: bool = True
    model: type[Data] | None = None
    shared: type[Data] | None = None
    packages: tuple[str, ...] = ()
    packages_by_data: tuple[str, ...] = ()
    preseeds: Mapping[str, str] = field(default_factory=dict)
    listeners: tuple[Listener, ...] = ()
    rules: tuple[Rule, ...] = ()
    rules_by_data: Callable[[Shared], Iterable[Rule]] | None = None
    secrets: Mapping[str, int] = field(default_factory=dict)
    optional_secrets: Mapping[str, int] = field(default_factory=dict)
    kernel_settings: str | None = None
    after: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    on_host: Callable[[Site, SiteHost], OnHost] | None = None
    certificates: tuple[str, ...] = ()
    credentials: Callable[[Site, SiteHost], Iterable[Credential]] | None = None
    state: tuple[State, ...] = ()
    looked_into: tuple[str, ...] = ()
    of_site: Callable[[Shared], Declaration] | None = None
    problems: Callable[[Site], Iterable[str]] | None = None
    obstacles: Callable[[Site, SiteHost, Machine], Iterable[tuple[str, str, str]]] | None = None

    def within(self, shared: Shared) -> Declaration:
        """
        The role as a site has it.

        Args:
            shared: what all its hosts share
        """
        return self.of_site(shared) if self.of_site else self

    def of(self, groups: Iterable[str]) -> bool:
        """Whether a host of these groups has the role."""
        return self.group is None or self.group in groups
