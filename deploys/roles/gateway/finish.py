"""What gateways do once load balancers have switched: note it, and give up a second one that the data has no more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.releases.slots import Slots
from deploys.controller.run import Run
from deploys.engine.barrier import barrier
from deploys.facts.gateway import PROGRAM
from deploys.operations import release_history, role
from deploys.roles.gateway.release import DIRECTORY, Release
from deploys.roles.gateway.remove import GREEN_PATHS, GREEN_UNITS
from deploys.roles.gateway.serving import serving


def finish(run: Run) -> None:
    """
    Have the release noted that a host serves with, and no second gateway where the site has no port for one.

    Where load balancers have begun to encrypt what they ask, or no longer do, nobody may ask otherwise from then on.
    """
    if run.host.groups & {"gateways", "load_balancers"}:
        barrier(name="Gateways: every load balancer sends to those that it is to")
    if "gateways" not in run.host.groups:
        return
    if run.site.shared.gateway_green_port is None:
        alone(run=run)
    else:
        noted(run=run, slots=run.slots)
    balancers = {peer.name for peer in run.site.group("load_balancers")}
    if run.encryption.otherwise and balancers <= run.machines.keys():
        changed(run=run)


@deploy("Gateway, afterwards")
def noted(run: Run, slots: Slots, back: bool = False) -> None:
    """
    Have the release noted that gets the requests.

    Args:
        run: the run
        slots: which of the host's gateways has it
        back: whether it is a rollback
    """
    release_history.kept(
        name="Who gave it which release is noted",
        program=PROGRAM,
        directory=DIRECTORY,
        link=slots.target.link,
        by=run.lock.name if run.lock else "",
        back=back,
    )


@deploy("Gateway, afterwards")
def changed(run: Run) -> None:
    """Have a gateway that answers other hosts with encryption alone, or without it alone, as load balancers ask now."""
    serving(run, Release(run.bundle(run.host.name).release), run.slots, changed=True)


@deploy("Gateway, afterwards")
def alone(run: Run) -> None:
    """Have one gateway on the host: no balancer sends to a second one any more."""
    role.removed(name="No second gateway", units=GREEN_UNITS, paths=GREEN_PATHS)
