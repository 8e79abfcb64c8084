"""The whole site as the administrator described it, once it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from deploys.settings import catalogue
from deploys.settings.host import Model, SiteHost
from deploys.settings.rule import Rule
from deploys.settings.shared import Shared


@dataclass(frozen=True)
class Site:
    """The hosts in the inventory's order, and the site's secrets."""

    hosts: tuple[SiteHost, ...]
    secrets: Mapping[str, SecretStr]
    rules: tuple[Rule, ...] = field(default=())
    """The firewall's rules, in the order in which they count."""

    @property
    def shared(self) -> Shared:
        """What all hosts share."""
        return self.data(Shared)

    def data(self, model: type[Model]) -> Model:
        """What all hosts share, of a model that a role declares as shared."""
        return self.hosts[0].data(model)

    @property
    def networks(self) -> Mapping[str, tuple[str, ...]]:
        """Names for addresses outside of the site."""
        return catalogue.networks(self.shared)

    @property
    def authority_directory(self) -> str:
        return self.shared.authority_directory.format(environment=self.shared.environment)

    def host(self, name: str) -> SiteHost:
        """A host by its name, or by pyinfra's with a connector before it (``@ssh/pg1``)."""
        return next(host for host in self.hosts if host.name == plain(name))

    def group(self, name: str) -> tuple[SiteHost, ...]:
        """The hosts of a group, or of a service (``services.<name>``); none where the site has no such group."""
        return tuple(host for host in self.hosts if name in host.groups)

    def members(self, name: str) -> tuple[SiteHost, ...]:
        """The hosts that a name in a rule stands for: those of a group, or of ``all``."""
        return self.hosts if name == "all" else self.group(name)

    def secret(self, name: str) -> str:
        return self.secrets[name].get_secret_value()


def plain(name: str) -> str:
    """A host's own name, of the one that pyinfra has for it (``@ssh/pg1``)."""
    return name.rpartition("/")[2]
