"""The declarations of all roles, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploys.roles.registry import ROLES
from deploys.settings.data import Data
from deploys.settings.declaration import Declaration
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


def secrets() -> Mapping[str, int]:
    """The names of a site's secrets, and how many characters each needs."""
    return {name: length for role in ROLES for name, length in role.declaration.secrets.items()}


def packages(host_groups: Iterable[str] | None = None) -> tuple[str, ...]:
    """
    The Debian packages of a host, so that one run of apt brings them all.

    Args:
        host_groups: the host's; None for the packages of every role there is
    """
    found = all_roles() if host_groups is None else of_host(host_groups)
    return tuple(dict.fromkeys(package for declaration in found.values() for package in declaration.packages))
