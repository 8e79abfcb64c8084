"""One host of the site, with its checked data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from deploys.settings.data import Data
from deploys.settings.shared import EveryHost

Model = TypeVar("Model", bound=Data)


@dataclass(frozen=True)
class SiteHost:
    """One host, with the checked data of its roles."""

    name: str
    target: str
    """What pyinfra calls it: its name, with a connector before it where the inventory has one."""
    groups: frozenset[str]
    models: Mapping[type[Data], Data]

    def data(self, model: type[Model]) -> Model:
        """
        Its data for one of its roles.

        Args:
            model: the model in the role's declaration

        Raises:
            KeyError: where the host does not have that role.
        """
        return cast(Model, self.models[model])

    @property
    def own(self) -> EveryHost:
        """What every host has, and may have of its own."""
        return self.data(EveryHost)

    @property
    def address(self) -> str:
        return self.own.address

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses in the site, the IPv4 one first."""
        return (self.own.address, *([self.own.address6] if self.own.address6 else []))

    def value(self, name: str) -> object:
        """
        A value of any of its models, by the name that it has in group_data.

        Raises:
            KeyError: where none of them has it.
        """
        for model in self.models.values():
            if name in type(model).model_fields:
                found: object = getattr(model, name)
                return found
        raise KeyError(name)
