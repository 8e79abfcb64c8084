"""The declarations of all roles, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploys.roles.registry import ROLES
from deploys.settings.data import Data
from deploys.settings.declaration import Declaration, State
from deploys.settings.rule import Rule


def all_roles() -> Mapping[str, Declaration]:
    """Every role's declaration, by its name."""
    return {role.name: role.declaration for role in ROLES}


def groups() -> Mapping[str, Declaration]:
    """The roles that a host has by its group, by the group's name."""
    return {role.declaration.group: role.declaration for role in ROLES if role.declaration.group}


def of_host(host_groups: Iterable[str]) -> Mapping[str, Declaration]:
    """The roles of a host of these groups, by name."""
    members = frozenset(host_groups)
    return {name: declaration for name, declaration in all_roles().items() if declaration.of(members)}


def shared() -> tuple[type[Data], ...]:
    """The models of what roles have in group_data/all.py."""
    return tuple(role.declaration.shared for role in ROLES if role.declaration.shared)


def rules() -> tuple[Rule, ...]:
    """What the firewall must let through for all roles together."""
    return tuple(dict.fromkeys(rule for role in ROLES for rule in role.declaration.rules))


def secrets(host_groups: Iterable[str] | None = None) -> Mapping[str, int]:
    """
    The names of a site's secrets, and how many characters each needs.

    Args:
        host_groups: the groups that have hosts; None for the secrets of every role there is
    """
    found = all_roles() if host_groups is None else of_host(host_groups)
    return {name: length for declaration in found.values() for name, length in declaration.secrets.items()}


def optional_secrets(host_groups: Iterable[str]) -> Mapping[str, int]:
    """The names of secrets that only some data of such hosts asks for."""
    found = of_host(host_groups).values()
    return {name: length for declaration in found for name, length in declaration.optional_secrets.items()}


def states(host_groups: Iterable[str]) -> tuple[State, ...]:
    """The directories that the services of a host of these groups must not lose."""
    return tuple(state for declaration in of_host(host_groups).values() for state in declaration.state)


def packages(host_groups: Iterable[str] | None = None) -> tuple[str, ...]:
    """
    The Debian packages of a host, so that one run of apt brings them all.

    Args:
        host_groups: the host's; None for the packages of every role there is
    """
    found = all_roles() if host_groups is None else of_host(host_groups)
    return tuple(dict.fromkeys(package for declaration in found.values() for package in declaration.packages))
