"""What a run reads to know which of two gateways per host get the requests."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra import logger
from pyinfra.api.exceptions import ConnectError, PyinfraError

from deploys.controller.releases import slots
from deploys.controller.releases.slots import Found
from deploys.engine import hosts
from deploys.facts import gateway
from deploys.facts.balancer import Sends
from deploys.facts.machine import MachineState
from deploys.facts.release import Releases
from deploys.settings.site import Site


def read(site: Site, machines: Mapping[str, MachineState]) -> Found:
    """
    What the hosts say. Those of a site with one gateway per host are not asked.

    Args:
        site: the site
        machines: the hosts of the run

    Raises:
        PyinfraError: where no load balancer says to which of them it sends.
    """
    every = slots.known(site.shared)
    if len(every) == 1:
        return Found(every)
    balancers, gateways = site.group("load_balancers"), site.group("gateways")
    sends: dict[str, str | None] = {}
    for peer in balancers:
        try:
            sends[peer.name] = hosts.read(peer.target, Sends)
        except ConnectError as error:
            logger.warning(f"{peer.name} is not reached, and is not asked to which gateways it sends: {error}")
    if balancers and not sends:
        raise PyinfraError(
            "No load balancer answers, and only they know whether the blue or the green gateways get the requests "
            "(gateway_green_port, in group_data/all.py). No host was touched."
        )
    return Found(
        every,
        releases={
            peer.name: hosts.read(peer.target, Releases, directory=gateway.DIRECTORY)
            for peer in gateways
            if peer.name in machines
        },
        sends=sends,
        whole={peer.name for peer in (*balancers, *gateways)} <= machines.keys(),
    )
