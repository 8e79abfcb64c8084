"""All instances of services on a host at once."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import FactBase

from deploys.facts import service
from deploys.facts.service import Asked, ServiceState


class Instances(FactBase[dict[str, ServiceState]]):
    """
    All instances of services that a host is to have, by their units, in one reading.

    + places: the instances
    """

    def command(self, places: Sequence[Asked]) -> str:
        self.places = places
        return service.reading(places)

    @staticmethod
    def default() -> dict[str, ServiceState]:
        return {}

    def process(self, output: list[str]) -> dict[str, ServiceState]:
        return {one.unit: found for one, found in zip(self.places, service.parse(self.places, output), strict=True)}
