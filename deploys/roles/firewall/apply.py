"""The firewall: default deny in and out, for IPv4 and IPv6, and who may reach what."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import ufw
from deploys.roles.firewall import ruleset


@deploy("Firewall")
def apply(run: Run) -> None:
    """Have the ports open, in and out, that the rules of the site name for this host."""
    ufw.ruleset(name="Ruleset", **ruleset.of_host(run))
