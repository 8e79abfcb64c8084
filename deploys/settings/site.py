"""The whole site as the administrator described it, checked before any host is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from pyinfra import inventory
from pyinfra.api.exceptions import PyinfraError

from deploys.settings import checks, model, secrets
from deploys.settings.host import SiteHost
from deploys.settings.once import once


@dataclass(frozen=True)
class Site:
    """The hosts in the inventory's order, and the site's secrets."""

    hosts: tuple[SiteHost, ...]
    secrets: Mapping[str, SecretStr]

    @property
    def all(self) -> model.All:
        """What all hosts share."""
        return self.hosts[0].all

    @property
    def authority_directory(self) -> str:
        return self.all.authority_directory.format(environment=self.all.environment)

    def host(self, name: str) -> SiteHost:
        """A host by its name, or by pyinfra's with a connector before it (``@ssh/pg1``)."""
        return next(host for host in self.hosts if host.name == _plain(name))

    def group(self, name: str) -> tuple[SiteHost, ...]:
        return tuple(host for host in self.hosts if name in host.groups)

    def secret(self, name: str) -> str:
        return self.secrets[name].get_secret_value()


class DataError(PyinfraError):
    """The data of a site is not sound; its text lists all that is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in dict.fromkeys(problems))
        super().__init__(f"The site's data is not sound, and no host was touched:\n{listed}")


def load() -> Site:
    """
    The site of this run.

    Raises:
        DataError: listing everything that is wrong with inventory, group_data and secrets.
        PyinfraError: where the run was not started from the repository's root.
    """
    if not Path("group_data/all.py").is_file():
        raise PyinfraError(
            f"{Path.cwd()} has no group_data/all.py: run pyinfra from the repository's root, such as "
            "pyinfra inventories/production.py deploys/site.py. No host was touched."
        )
    return once("site", lambda: _checked({host.name: host for host in inventory}))


def _plain(name: str) -> str:
    return name.rpartition("/")[2]


def _checked(hosts: Mapping[str, Any]) -> Site:
    problems: list[str] = []
    members = {name: [_plain(host.name) for host in inventory.groups.get(name, [])] for name in model.GROUPS}
    problems += [
        f"the inventory's group {name} has no hosts: it needs at least one."
        for name, names in members.items()
        if not names
    ]
    checked = []
    for full_name, host in hosts.items():
        name = _plain(full_name)
        data = host.data.dict()
        groups = frozenset(group for group, names in members.items() if name in names)
        base = checks.validated(model.All, "all", name, data, problems)
        of_group = {
            group: checks.validated(model.GROUPS[group], group, name, data, problems) for group in sorted(groups)
        }
        if base and all(of_group.values()):
            checked.append(
                SiteHost(name, full_name, groups, cast(model.All, base), cast("dict[str, model.Data]", of_group))
            )
    environment = checked[0].all.environment if checked else None
    found: dict[str, SecretStr] = {}
    if environment:
        found, wrong = secrets.read(environment)
        problems += wrong
    if len(checked) == len(hosts):
        problems += checks.contradictions(checked)
    if problems:
        raise DataError(problems)
    return Site(tuple(checked), found)
