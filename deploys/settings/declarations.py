"""The declarations of all roles, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploys.roles.registry import ROLES
from deploys.settings.credential import Credential
from deploys.settings.data import Data
from deploys.settings.declaration import Declaration, Listener, OnHost, State
from deploys.settings.host import SiteHost
from deploys.settings.phases import LAST
from deploys.settings.rule import Rule
from deploys.settings.shared import Shared
from deploys.settings.site import Site


def all_roles() -> Mapping[str, Declaration]:
    """Every role's declaration, by its name."""
    return {role.name: role.declaration for role in ROLES}


def groups() -> Mapping[str, Declaration]:
    """The roles that a host has by its group, by the group's name."""
    return {role.declaration.group: role.declaration for role in ROLES if role.declaration.group}


def of_host(host_groups: Iterable[str], phase: int = LAST) -> Mapping[str, Declaration]:
    """The roles of a host of these groups, by name; of a site that is deployed up to a phase, those until then."""
    members = frozenset(host_groups)
    return {name: one for name, one in all_roles().items() if one.of(members) and one.phase <= phase}


def within(site: Site, host: SiteHost, phase: int = LAST) -> Mapping[str, Declaration]:
    """The roles of a host as the data of its site has them, by name."""
    return {name: one.within(site.shared) for name, one in of_host(host.groups, phase).items()}


def looked_into() -> tuple[str, ...]:
    """The directories of which roles ask whether they hold anything."""
    return tuple(dict.fromkeys(path for role in ROLES for path in role.declaration.looked_into))


def shared() -> tuple[type[Data], ...]:
    """The models of what roles have in group_data/all.py."""
    return tuple(role.declaration.shared for role in ROLES if role.declaration.shared)


def rules(shared: Shared) -> tuple[Rule, ...]:
    """
    What the firewall must let through for all roles together.

    Args:
        shared: what all hosts share
    """
    found = [rule for role in ROLES for rule in role.declaration.rules]
    found += [rule for role in ROLES if (by_data := role.declaration.rules_by_data) for rule in by_data(shared)]
    return tuple(dict.fromkeys(found))


def listeners(site: Site, host: SiteHost) -> tuple[Listener, ...]:
    """The ports that a host listens on."""
    roles = within(site, host).values()
    return tuple(one for role in roles for one in (*role.listeners, *_on(role, site, host).listeners))


def units(site: Site, host: SiteHost, phase: int = LAST) -> tuple[str, ...]:
    """The canonical names of the units that are active on a host that is well, once a phase is deployed."""
    roles = within(site, host, phase).values()
    return tuple(dict.fromkeys(unit for role in roles for unit in (*role.units, *_on(role, site, host).units)))


def credentials(site: Site, host: SiteHost, phase: int = LAST) -> tuple[Credential, ...]:
    """The certificates by which a host is known, with their keys, once a phase is deployed."""
    roles = of_host(host.groups, phase).values()
    return tuple(one for role in roles if role.credentials for one in role.credentials(site, host))


def certificates(site: Site, host: SiteHost, phase: int = LAST) -> tuple[str, ...]:
    """The paths of all certificates of a host, once a phase is deployed."""
    own = (one.certificate for one in credentials(site, host, phase))
    declared = (path for role in of_host(host.groups, phase).values() for path in role.certificates)
    return tuple(dict.fromkeys((*declared, *own)))


def _on(role: Declaration, site: Site, host: SiteHost) -> OnHost:
    return role.on_host(site, host) if role.on_host else OnHost()


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


def states(site: Site, host: SiteHost) -> tuple[State, ...]:
    """The directories that the services of a host must not lose."""
    return tuple(state for declaration in within(site, host).values() for state in declaration.state)


def packages(host_groups: Iterable[str] | None = None) -> tuple[str, ...]:
    """
    The Debian packages of a host, so that one run of apt brings them all.

    Args:
        host_groups: the host's; None for the packages of every role there is
    """
    found = all_roles() if host_groups is None else of_host(host_groups)
    return tuple(dict.fromkeys(package for declaration in found.values() for package in declaration.packages))


def packages_of(site: Site, host: SiteHost) -> tuple[str, ...]:
    """The Debian packages of a host, those included that the site's data asks for on it."""
    roles = within(site, host).values()
    own = (name for role in roles for name in role.packages)
    by_data = (name for role in roles for name in _on(role, site, host).packages)
    return tuple(dict.fromkeys((*own, *by_data)))


def all_packages() -> tuple[str, ...]:
    """The Debian packages of every role there is, those that only some data asks for included."""
    found = all_roles().values()
    return tuple(dict.fromkeys((*packages(), *(name for role in found for name in role.packages_by_data))))
