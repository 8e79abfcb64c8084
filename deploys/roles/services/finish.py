"""Services that the catalogue has no more go last: gateways pass requests on to them until their turn has come."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.controller.services import guards, names
from deploys.controller.services.names import Instance
from deploys.engine.barrier import barrier
from deploys.operations import services
from deploys.settings.catalogue import GROUP

ROLE = "services"


def finish(run: Run) -> None:
    """Have no service but those of the catalogue, once every gateway knows that."""
    have = [name for name, machine in run.machines.items() if ROLE in machine.roles]
    concerned = run.host.name in have or GROUP in run.host.groups
    if have and (concerned or "gateways" in run.host.groups):
        barrier(name="Services: nobody is sent to those that go")
    if concerned:
        without_others(run=run)


@deploy("Services")
def without_others(run: Run) -> None:
    """Have nothing of services that this host is not to run; what they kept below /var/lib stays."""
    instances = list(names.of_host(run.site, run.host))
    services.no_others(
        name="Those that the catalogue has no more are gone",
        prefix=names.PREFIX,
        units=[unit for one in instances for unit in (one.socket, one.unit) if unit],
        paths=[path for one in instances for path in (one.directory, one.link, one.environment, *_shown(run, one))],
        directories=[names.DIRECTORY, names.ENVIRONMENTS],
    )


def _shown(run: Run, instance: Instance) -> tuple[str, ...]:
    """What an instance shows to guards of others."""
    if not guards.shows(run.site, instance.name):
        return ()
    return instance.certificate, instance.key, guards.credential(instance, run.host).place
