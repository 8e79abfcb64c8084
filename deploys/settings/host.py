"""One host of the site, with its checked data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from deploys.settings import model


@dataclass(frozen=True)
class SiteHost:
    """One host, with its checked data: ``all`` for every host, the others by its groups."""

    name: str
    target: str
    """What pyinfra calls it: its name, with a connector before it where the inventory has one."""
    groups: frozenset[str]
    all: model.All
    of_group: Mapping[str, model.Data]

    @property
    def address(self) -> str:
        return self.all.address

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses in the site, the IPv4 one first."""
        return (self.all.address, *([self.all.address6] if self.all.address6 else []))

    @property
    def postgres(self) -> model.Postgres:
        return cast(model.Postgres, self.of_group["postgres"])

    @property
    def redis(self) -> model.Redis:
        return cast(model.Redis, self.of_group["redis"])

    @property
    def gateway(self) -> model.Gateways:
        return cast(model.Gateways, self.of_group["gateways"])

    @property
    def load_balancer(self) -> model.LoadBalancers:
        return cast(model.LoadBalancers, self.of_group["load_balancers"])
