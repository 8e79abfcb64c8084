"""Reads what an inventory, group_data and the secrets say, and checks all of it as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr
from pyinfra.api.exceptions import PyinfraError

from deploys.settings import catalogue, checks, declarations, secrets, unknown
from deploys.settings.data import Data
from deploys.settings.given import Given
from deploys.settings.host import SiteHost
from deploys.settings.shared import EveryHost, Shared
from deploys.settings.site import Site, plain


class DataError(PyinfraError):
    """The data of a site is not valid; its text lists all that is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in dict.fromkeys(problems))
        super().__init__(f"The site's data is not valid, and no host was touched:\n{listed}")


def load(given: Iterable[Given]) -> Site:
    """
    The site of an inventory.

    Args:
        given: its hosts, in its order

    Raises:
        DataError: listing everything that is wrong with inventory, group_data and secrets.
        PyinfraError: where it was not started from the repository's root.
    """
    if not Path("group_data/all.py").is_file():
        raise PyinfraError(
            f"{Path.cwd()} has no group_data/all.py: run pyinfra from the repository's root, such as "
            "pyinfra inventories/production.py deploys/site.py. No host was touched."
        )
    hosts = [_in_all_groups(one) for one in given]
    problems = [
        f"the inventory's group {group} has no hosts: it needs at least one."
        for group, declaration in declarations.groups().items()
        if declaration.required and not any(group in host.groups for host in hosts)
    ]
    problems += unknown.keys(host.data for host in hosts)
    checked = [host for one in hosts if (host := _checked(one, problems))]
    if not checked:
        raise DataError(problems)
    groups = [group for host in hosts for group in host.groups]
    shared = checked[0].data(Shared)
    found, wrong = secrets.read(
        shared.environment,
        {**catalogue.secrets(shared), **declarations.secrets(groups)},
        declarations.optional_secrets(groups),
    )
    problems += wrong
    if len(checked) == len(hosts):
        problems += _as_a_whole(checked, found)
    if problems:
        raise DataError(problems)
    return _site(checked, found)


def shared(given: Sequence[Given]) -> Shared:
    """
    What all hosts of an inventory have in common, for a machine that has no secrets of the site.

    Args:
        given: its hosts, in its order

    Raises:
        DataError: where that is not valid.
    """
    problems: list[str] = []
    found = checks.validated(Shared, "all", plain(given[0].target), given[0].data, problems)
    if not isinstance(found, Shared):
        raise DataError(problems)
    return found


def _in_all_groups(given: Given) -> Given:
    """A host, also in the groups to which its data says that it belongs, and in none of these without."""
    of_data = {group: role.by_data for group, role in declarations.groups().items() if role.by_data}
    name = plain(given.target)
    joined = {group for group, belongs in of_data.items() if belongs(name, given.groups, given.data)}
    return replace(given, groups=(given.groups - of_data.keys()) | joined | catalogue.groups_of(name, given.data))


def _checked(given: Given, problems: list[str]) -> SiteHost | None:
    """A host whose data is what its models want; else None, and the problems have grown."""
    name = plain(given.target)
    roles = declarations.of_host(given.groups)
    every_host: list[type[Data]] = [Shared, EveryHost, *declarations.shared()]
    models = [(model, "all") for model in every_host]
    models += [(role.model, role.group or "all") for role in roles.values() if role.model]
    found = {model: checks.validated(model, file, name, given.data, problems) for model, file in models}
    if None in found.values():
        return None
    services = catalogue.groups_of(name, given.data)
    groups = frozenset(group for group in given.groups if group in declarations.groups() or group in services)
    return SiteHost(name, given.target, groups, {model: data for model, data in found.items() if data})


def _site(hosts: list[SiteHost], found: Mapping[str, SecretStr]) -> Site:
    shared = hosts[0].data(Shared)
    rules = declarations.rules(shared) if shared.firewall_rules is None else shared.firewall_rules
    return Site(tuple(hosts), found, (*shared.firewall_extra_rules, *rules))


def _as_a_whole(hosts: list[SiteHost], found: Mapping[str, SecretStr]) -> list[str]:
    """What is wrong although every host by itself is right."""
    problems = checks.differences(hosts, (Shared, *declarations.shared()))
    if problems:
        return problems
    site = _site(hosts, found)
    problems += checks.addresses(site)
    problems += checks.networks(site, declarations.groups())
    problems += checks.rules(site, declarations.groups())
    for role in declarations.all_roles().values():
        problems += role.problems(site) if role.problems else ()
    return problems
