"""Instances of services: all of a host are read at once, and one that is not as it should be is made so by itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.service import Asked, ServiceState
from deploys.facts.service_instances import Instances
from deploys.operations import file_set, service
from deploys.operations.file_set import File
from deploys.operations.health import Health
from deploys.operations.rolling import Rolling
from deploys.operations.service import Unit


@dataclass(frozen=True)
class Running:
    """
    An instance as it is to run.

    + unit: its unit
    + files: its files
    + health: how to tell whether it is well
    + rolling: a name shared by instances that may not change at the same time
    """

    unit: Unit
    files: Sequence[File]
    health: Health
    rolling: str

    @property
    def asked(self) -> Asked:
        """What is read of it."""
        paths = tuple(file.path for file in self.files)
        return Asked(self.unit.name, paths, socket=self.unit.socket, healthy=self.health.url)

    def is_in(self, current: ServiceState) -> bool:
        """
        Whether it runs, well, with just its files.

        + current: as it was found
        """
        return (
            current.running
            and current.enabled
            and not current.stale
            and (current.listens or not self.unit.socket)
            and not file_set.difference(self.files, (), (), current.files)
            and not file_set.unapplied(self.files, current.files)
            and current.answer == "200"
        )


@operation
def running(instance: Running, beside: Sequence[Running]) -> Steps:
    """
    Have an instance of a service running, as ``service.configured()`` has a service; those that changed before a
    later one was not well get back what they had.

    + instance: it
    + beside: all instances of the host, itself included: they are read at once

    **Example:**

    .. code:: python

        service_instances.running(name="sample", instance=one, beside=[one, two])
    """
    current: dict[str, ServiceState] = yield Reading(Instances, places=tuple(one.asked for one in beside))
    if instance.is_in(current.get(instance.unit.name, ServiceState())):
        host.noop(f"{instance.unit.name}: well")
        return
    act = cast("Callable[..., Steps]", inspect.unwrap(service.configured))
    yield from act(
        unit=instance.unit,
        files=instance.files,
        health=instance.health,
        rolling=Rolling(instance.rolling, together=True),
    )
