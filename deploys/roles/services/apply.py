"""The platform's services: each instance its unit with its release, and of a service one instance at a time."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.controller.services import artifacts, names
from deploys.controller.services.names import Instance
from deploys.engine.barrier import barrier
from deploys.engine.turns import turns
from deploys.operations import service_instances
from deploys.operations.health import Health
from deploys.operations.service import Unit
from deploys.operations.service_instances import Running
from deploys.roles.services import unit
from deploys.settings.catalogue import own
from deploys.settings.phases import LAST


def apply(run: Run) -> None:
    """Have the services of each phase, once all of the phase before are well."""
    last = run.options.phase or LAST
    phases = sorted({one.phase for one in own(run.site.shared).values() if one.phase <= last or last == LAST})
    instances = {(one.name, one.port): _running(run, one) for one in names.of_host(run.site, run.host)}
    for number in turns(phases):
        if number != phases[0]:
            barrier(name="Services: those of the phase before are well")
        of_phase(run=run, number=number, instances=instances)


@deploy("Services")
def of_phase(run: Run, number: int, instances: Mapping[tuple[str, int], Running]) -> None:
    """Have the services of a phase that this host runs."""
    found = {name: one for name, one in own(run.site.shared).items() if one.phase == number}
    places = [(name, port) for name, one in found.items() for port in one.own_ports]
    for name, port in turns(places):
        if (name, port) in instances:
            service_instances.running(
                name=f"{name} runs it on port {port}, one instance at a time",
                instance=instances[name, port],
                beside=list(instances.values()),
            )


def _running(run: Run, instance: Instance) -> Running:
    one = instance.service
    made = artifacts.of(instance.name, one, run.machine)
    return Running(
        unit=Unit(instance.unit, socket=instance.socket),
        files=unit.files(run, instance, made),
        health=Health(f"http://127.0.0.1:{instance.port}{one.health}", timeout=one.health_timeout),
        rolling=f"service {instance.name}",
    )
