"""The platform's services: each instance its unit with its release, and of a service one instance at a time."""

from __future__ import annotations

from collections.abc import Iterator

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.controller.services import artifacts
from deploys.controller.services.names import Instance
from deploys.engine.barrier import barrier
from deploys.engine.turns import turns
from deploys.operations import service as services
from deploys.operations.health import Health
from deploys.operations.service import Unit
from deploys.roles.services import unit
from deploys.settings.catalogue import group, own


def apply(run: Run) -> None:
    """Have the services of each phase, once all of the phase before are well."""
    phases = sorted({service.phase for service in own(run.site.shared).values()})
    for number in turns(phases):
        if number != phases[0]:
            barrier(name="Services: those of the phase before are well")
        of_phase(run=run, number=number)


@deploy("Services")
def of_phase(run: Run, number: int) -> None:
    """Have the services of a phase that this host runs."""
    for name, port, instance in turns(_places(run, number)):
        if instance is None:
            continue
        one = instance.service
        made = artifacts.of(name, one, run.machine)
        services.configured(
            name=f"{name} runs it on port {port}, one instance at a time",
            unit=Unit(instance.unit, socket=instance.socket),
            files=unit.files(run.site, run.host, instance, made),
            health=Health(f"http://127.0.0.1:{port}{one.health}", timeout=one.health_timeout),
            rolling=f"service {name}",
            together=True,
        )


def _places(run: Run, number: int) -> Iterator[tuple[str, int, Instance | None]]:
    """Every instance of a phase, the same on all hosts; None where only other hosts have it."""
    for name, service in own(run.site.shared).items():
        if service.phase == number:
            for port in service.ports:
                here = group(name) in run.host.groups
                yield name, port, Instance(name, service, port) if here else None
