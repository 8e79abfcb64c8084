"""How a host goes out for maintenance, and comes back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.maintenance.leaving import Leaving, units
from deploys.controller.redis import servers
from deploys.controller.run import Run
from deploys.engine.barrier import barrier
from deploys.operations import maintenance
from deploys.operations.drain import Drain
from deploys.operations.postgres import patroni
from deploys.operations.redis import handed_over
from deploys.roles.maintenance.apply import known


def leaves(leaving: Leaving) -> None:
    """Have the host known to be out, by itself first; then its units stopped, once what it has begun has ended."""
    run, name = leaving.run, leaving.name
    if run.host.name == name and "patroni" in run.host.groups:
        switched_over(leaving=leaving)
    if run.host.name == name:
        known(run=run)
    barrier(name=f"{name} knows that it is out")
    if run.host.name != name:
        known(run=run)
    barrier(name=f"Everybody knows that {name} is out")


@deploy("Maintenance")
def switched_over(leaving: Leaving) -> None:
    """Have another server of those that Patroni keeps take over."""
    patroni.switched_over(name="Another server is the primary, or is from now on", version=leaving.run.topology.version)


@deploy("Maintenance")
def stopped(leaving: Leaving) -> None:
    """Have the units of the host's roles stopped, also after a boot."""
    run, host = leaving.run, leaving.run.host
    maintenance.stopped(
        name="Its units are stopped until it is put back",
        units=units(run),
        note=host.name,
        drain=_drain(leaving) if "gateways" in host.groups else None,
        before=handed_over(**servers.asked(run.site)) if "sentinels" in host.groups else None,
    )


@deploy("Maintenance")
def may_start(run: Run) -> None:
    """Have the units of the host's roles started that were stopped while it was out."""
    # What others need comes first, and a socket before the service that it is of.
    backwards = units(run)[::-1]
    order = sorted(backwards, key=lambda unit: not unit.endswith(".socket"))
    maintenance.started(name="Its units may start again", units=order)


def _drain(leaving: Leaving) -> Drain:
    host = leaving.run.host
    return Drain(
        target=host.target,
        name=host.name,
        # They know it by the note, which no boot and no other run takes away.
        balancers=[],
        timeout=int(str(host.value("gateway_drain_timeout"))),
        metrics=f"http://127.0.0.1:{leaving.slot.port}/metrics",
    )
