"""A gateway with an older release, by the way of every release."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import answers
from deploys.controller.releases.rollback import Rollback
from deploys.controller.run import Run
from deploys.engine.barrier import barrier
from deploys.facts.balancer import marks
from deploys.operations import switch, system
from deploys.roles.gateway.finish import noted
from deploys.roles.gateway.release import Release
from deploys.roles.gateway.serving import serving


def apply(rollback: Rollback) -> None:
    """Have a gateway run the release that it goes back to, and nothing left of a run that died."""
    if "load_balancers" in rollback.run.host.groups:
        even(run=rollback.run)
    barrier(name="Every gateway gets requests")
    if rollback.run.host.name in rollback.releases:
        gateway(rollback=rollback)
    barrier(name="Every gateway is well with it")
    balances = "load_balancers" in rollback.run.host.groups
    if rollback.run.site.shared.gateway_green_port is None:
        if balances:
            kept(rollback=rollback)
        return
    if balances:
        switched(rollback=rollback)
        kept(rollback=rollback)
    barrier(name="Every load balancer has switched")
    if rollback.run.host.name in rollback.releases:
        noted(run=rollback.run, slots=rollback.slots, back=True)


@deploy("Load balancer")
def even(run: Run) -> None:
    """Have no mark of a run that died, by which a gateway gets nothing."""
    gateways = run.site.group("gateways")
    left = [mark for one in gateways for mark in marks(one.name)]
    system.configured(name="No gateway is left out", key="balancer-marks", files=[], absent=left)


@deploy("Gateway")
def gateway(rollback: Rollback) -> None:
    """Have the host run the older release, with the configuration of now."""
    release = Release(rollback.releases[rollback.run.host.name], back=True)
    serving(rollback.run, release, rollback.slots, together=False if rollback.downgrades else None)


@deploy("Load balancer")
def kept(rollback: Rollback) -> None:
    """Have no answer kept of the release that was left."""
    if rollback.run.host.value("kept_routes"):
        answers.of_releases(rollback.run.site, rollback.releases)


@deploy("Load balancer")
def switched(rollback: Rollback) -> None:
    """Have requests sent to the gateways that have it."""
    slot = rollback.slots.target.name
    switch.sends(name=f"Requests go to the {slot} gateways", slot=slot, health="https://127.0.0.1/health")
