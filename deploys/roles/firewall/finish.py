"""
What the firewall does once every role is as declared: it closes what hosts of the site needed until then.

A port that goes is still asked for by hosts that do not know yet: closed before they do, it would make
each of their requests wait for a connection that never comes.
"""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.engine.barrier import barrier
from deploys.operations import ufw
from deploys.roles.firewall import ruleset
from deploys.settings.phases import LAST


def finish(run: Run) -> None:
    """
    Have no other ports open between the site's hosts than those that the rules name, once all of them are as declared.

    A run that leaves hosts or phases out leaves that to the next one that does not.
    """
    if run.options.phase not in (None, LAST) or len(run.machines) < len(run.site.hosts):
        return
    barrier(name="Firewall: every host asks for what it is to")
    closed(run=run)


@deploy("Firewall, afterwards")
def closed(run: Run) -> None:
    """Close what is open beyond the rules."""
    ufw.closed(name="What no host asks for any more is closed", **ruleset.of_host(run))
